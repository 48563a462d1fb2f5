package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"time"
)

const maxBodyBytes = 1 << 20

// maxPooledBytes is the largest buffer kept for the next request, so that one large
// body does not hold its memory for ever.
const maxPooledBytes = 64 << 10

// paddingFrame is what the padding member adds around its x's.
const paddingFrame = len(`,"padding":""`)

// reply's members are in the order in which the contract has them.
type reply struct {
	ID              uint64   `json:"id"`
	UserAgent       string   `json:"user_agent"`
	Metadata        []string `json:"metadata"`
	ServerTimestamp int64    `json:"server_timestamp"`
	ProcessedBy     string   `json:"processed_by"`
}

func processedBy() string { return name + "/" + runtime.Version() }

// echo answers POST /echo.
func (s *server) echo(w *response, r *http.Request) {
	// A declared length is enough to refuse by. Reading first would also invite the
	// body of a client that asked with "Expect: 100-continue".
	if r.ContentLength > maxBodyBytes {
		s.refuseTooLarge(w)
		return
	}
	buf := s.buffer()
	defer s.recycle(buf)
	body := http.MaxBytesReader(w.ResponseWriter, r.Body, maxBodyBytes)
	if _, err := buf.ReadFrom(body); err != nil {
		s.refuseUnread(w, err)
		return
	}
	req, err := decode(buf.Bytes())
	if err != nil {
		w.fail(http.StatusBadRequest, err.Error())
		return
	}
	buf.Reset() // req owns its strings
	if err := s.encode(buf, req); err != nil {
		panic(err) // the reply's types always marshal
	}
	w.sendJSON(http.StatusOK, buf.Bytes())
}

// encode writes the reply to req, padded if the server pads.
func (s *server) encode(buf *bytes.Buffer, req request) error {
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	err := enc.Encode(reply{
		ID:              req.id,
		UserAgent:       req.userAgent,
		Metadata:        req.metadata,
		ServerTimestamp: time.Now().Unix(),
		ProcessedBy:     s.processedBy,
	})
	if err != nil {
		return err
	}
	buf.Truncate(buf.Len() - 1) // Encode's newline
	s.pad(buf)
	return nil
}

// pad adds the padding member to the object in buf if that can make it exactly
// paddingTo bytes long. It is spliced in because its length follows from the rest's:
// as a field of reply it would have everything encoded twice.
func (s *server) pad(buf *bytes.Buffer) {
	xs := s.paddingTo - buf.Len() - paddingFrame
	if xs < 1 {
		return
	}
	buf.Truncate(buf.Len() - 1) // the closing brace
	buf.WriteString(`,"padding":"`)
	buf.WriteString(s.padding[:xs])
	buf.WriteString(`"}`)
}

// refuseUnread answers for a body that did not arrive whole. What follows on such a
// connection cannot be told from the body's rest, so it is closed.
func (s *server) refuseUnread(w *response, err error) {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		// net/http would wait for more of a chunked body before it closes.
		http.NewResponseController(w).SetReadDeadline(time.Now())
		s.refuseTooLarge(w)
		return
	}
	w.Header().Set("Connection", "close")
	if errors.Is(err, os.ErrDeadlineExceeded) {
		w.fail(http.StatusRequestTimeout, fmt.Sprintf("the body did not arrive within %v", readTimeout))
		return
	}
	w.fail(http.StatusBadRequest, "the body could not be read: "+err.Error())
}

func (s *server) refuseTooLarge(w *response) {
	w.Header().Set("Connection", "close")
	w.fail(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is above %d bytes", maxBodyBytes))
}

func (s *server) buffer() *bytes.Buffer {
	if buf, ok := s.scratch.Get().(*bytes.Buffer); ok {
		return buf
	}
	return new(bytes.Buffer)
}

func (s *server) recycle(buf *bytes.Buffer) {
	if buf.Cap() > max(maxPooledBytes, 2*s.paddingTo) {
		return
	}
	buf.Reset()
	s.scratch.Put(buf)
}
