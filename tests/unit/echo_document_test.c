/* Documents in: what is taken, and the sentence with what and where when it is not. */
#include "echo.h"

#include "guard.h"
#include "tap.h"

enum { ROOM_BYTES = 1 << 16 };

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define REST "'user_agent':'u','metadata':[]}" /* 31 bytes */

static struct guard guard;

/* In these texts ' stands for ", which C would want escaped. */
static struct str quoted(const char *text)
{
    static char bytes[4096];
    size_t len = strlen(text);
    for (size_t i = 0; i <= len; i++)
        bytes[i] = text[i] == '\'' ? '"' : text[i];
    return (struct str){bytes, len};
}

/* Laid against both edges of the guarded room; the document is of the last. */
static bool decode(struct str body, struct echo_document *out, struct error *err)
{
    bool ahead = echo_decode(guard_place(&guard, GUARD_AHEAD, body), out, err);
    bool behind = echo_decode(guard_place(&guard, GUARD_BEHIND, body), out, err);
    return ahead && behind;
}

/* ---- what is taken ---- */

static const struct {
    const char *body;
    uint64_t id;
    const char *digits, *agent, *metadata;
    size_t metadata_bytes;
} good[] = {
    {"{'id':7,'user_agent':'u','metadata':['a']}", 7, "7", "u", "'a'", 3},
    {"{'id':7,'metadata':['a'],'user_agent':'u'}", 7, "7", "u", "'a'", 3},
    {"{'user_agent':'u','id':7,'metadata':['a']}", 7, "7", "u", "'a'", 3},
    {"{'user_agent':'u','metadata':['a'],'id':7}", 7, "7", "u", "'a'", 3},
    {"{'metadata':['a'],'id':7,'user_agent':'u'}", 7, "7", "u", "'a'", 3},
    {"{'metadata':['a'],'user_agent':'u','id':7}", 7, "7", "u", "'a'", 3},
    {"{'id':0," REST, 0, "0", "u", "", 0},
    {"{'id':18446744073709551615," REST, UINT64_MAX, "18446744073709551615", "u", "", 0},
    {"{'id':18446744073709551609," REST, UINT64_MAX - 6, "18446744073709551609", "u", "",
     0},
    {"{'id':9999999999999999999," REST, UINT64_C(9999999999999999999),
     "9999999999999999999", "u", "", 0},
    {"{'id':1,'user_agent':'','metadata':[]}", 1, "1", "", "", 0},
    {"{'\\u0069d':1,'user\\u005fagent':'u','metadat\\u0061':[]}", 1, "1", "u", "", 0},
    {"{'x':[{'id':5},null,true,false,-1.5e3,'\\u0000'],'id':1," REST, 1, "1", "u", "", 0},
    {"{'':0,'Id':0,'ID':0,'i':0,'idd':0,'id':1," REST, 1, "1", "u", "", 0},
    {"{'x':1,'x':2,'id':1,'x':3," REST, 1, "1", "u", "", 0},
    {" {\n'id' : 1 ,\t'user_agent' :\r'u' , 'metadata' : [ 'a' , 'b' ] } \n", 1, "1", "u",
     " 'a' , 'b' ", 7},
    {"{'id':1,'user_agent':'\\'\\\\\\/\\u00e9\xc3\xa9','metadata':[]}", 1, "1",
     "\\'\\\\\\/\\u00e9\xc3\xa9", "", 0},
    {"{'id':1,'user_agent':'u','metadata':['\\'','\\\\',' ']}", 1, "1", "u",
     "'\\'','\\\\',' '", 13}};

static bool is(struct str got, const char *expected)
{
    return str_eq(got, quoted(expected));
}

static void taken(void)
{
    for (size_t i = 0; i < COUNT(good); i++) {
        struct echo_document document;
        struct error err = {""};
        bool accepted = decode(quoted(good[i].body), &document, &err);
        TAP_OK(accepted, "taken: %s%s", guard_shown(str_of(good[i].body)), err.text);
        TAP_OK(accepted && document.id == good[i].id &&
                   is(document.id_digits, good[i].digits),
               "… the id %s", good[i].digits);
        TAP_OK(accepted && is(document.user_agent, good[i].agent), "… the agent %s",
               good[i].agent);
        TAP_OK(accepted && is(document.metadata_raw, good[i].metadata) &&
                   document.metadata_bytes == good[i].metadata_bytes,
               "… the metadata %s", guard_shown(str_of(good[i].metadata)));
    }
}

/* ---- what is refused ---- */

#define WANTED "expected an integer from 0 to 18446744073709551615"

static const struct {
    const char *body, *sentence;
} bad[] = {
    {"", "expected an object at byte 0"},
    {" \n", "expected an object at byte 2"},
    {"[]", "expected an object at byte 0"},
    {"'id'", "expected an object at byte 0"},
    {"{", "expected a member's name in quotes at byte 1"},
    {"{}", "id is missing at byte 1, where the object ends"},
    {"{'id':1}", "user_agent is missing at byte 7, where the object ends"},
    {"{'id':1,'user_agent':''}", "metadata is missing at byte 23, where the object ends"},
    {"{'user_agent':'','metadata':[]}",
     "id is missing at byte 30, where the object ends"},
    {"{'id':1,'metadata':[]}", "user_agent is missing at byte 21, where the object ends"},
    {"{'metadata':[]}", "id is missing at byte 14, where the object ends"},
    {"{'x':{}, 'id':1 } ", "user_agent is missing at byte 16, where the object ends"},
    {"{'id':1," REST "x", "something follows the document at byte 39"},
    {"{'id':1," REST " {}", "something follows the document at byte 40"},
    {"{'id' 1," REST, "expected ':' at byte 6"},
    {"{'id':1 " REST, "expected ',' or '}' at byte 8"},
    {"{'id':1,}", "expected a member's name in quotes at byte 8"},
    {"{id:1," REST, "expected a member's name in quotes at byte 1"},
    {"{'i\\d':1," REST, "a bad escape or a lone surrogate at byte 3"},
    /* the id */
    {"{'id':18446744073709551616," REST, "id: " WANTED " at byte 6"},
    {"{'id':18446744073709551620," REST, "id: " WANTED " at byte 6"},
    {"{'id':99999999999999999999," REST, "id: " WANTED " at byte 6"},
    {"{'id':184467440737095516150," REST, "id: " WANTED " at byte 6"},
    {"{'id': 01," REST, "id: " WANTED " at byte 7"},
    {"{'id':00," REST, "id: " WANTED " at byte 6"},
    {"{'id':-0," REST, "id: " WANTED " at byte 6"},
    {"{'id':-1," REST, "id: " WANTED " at byte 6"},
    {"{'id':+1," REST, "id: " WANTED " at byte 6"},
    {"{'id':1.0," REST, "id: " WANTED " at byte 6"},
    {"{'id':1e0," REST, "id: " WANTED " at byte 6"},
    {"{'id':1E0," REST, "id: " WANTED " at byte 6"},
    {"{'id':'1'," REST, "id: " WANTED " at byte 6"},
    {"{'id':null," REST, "id: " WANTED " at byte 6"},
    {"{'id':[1]," REST, "id: " WANTED " at byte 6"},
    {"{'id':}", "id: " WANTED " at byte 6"},
    {"{'id':", "id: " WANTED " at byte 6"},
    {"{'id':1x," REST, "expected ',' or '}' at byte 7"},
    {"{'x':0,'id':true," REST, "id: " WANTED " at byte 12"},
    /* the agent and the metadata */
    {"{'user_agent':1,'id':1}", "user_agent: expected a string at byte 14"},
    {"{'user_agent':null}", "user_agent: expected a string at byte 14"},
    {"{'user_agent':['u']}", "user_agent: expected a string at byte 14"},
    {"{'user_agent':'a\tb'}", "user_agent: a control character in a string at byte 16"},
    {"{'user_agent':'\xff'}", "user_agent: invalid UTF-8 at byte 15"},
    {"{'user_agent':'abc", "user_agent: a string without its end at byte 18"},
    {"{'metadata':'a'}", "metadata: expected an array at byte 12"},
    {"{'metadata':{}}", "metadata: expected an array at byte 12"},
    {"{'metadata':null}", "metadata: expected an array at byte 12"},
    {"{'metadata':[1]}", "metadata: expected a string at byte 13"},
    {"{'metadata':['a',null]}", "metadata: expected a string at byte 17"},
    {"{'metadata':['a',['b']]}", "metadata: expected a string at byte 17"},
    {"{'metadata':['a' 'b']}", "metadata: expected ',' or ']' at byte 17"},
    {"{'metadata':['a','b\\q']}",
     "metadata: a bad escape or a lone surrogate at byte 19"},
    {"{'metadata':['a',]}", "metadata: expected a string at byte 17"},
    /* the unknown */
    {"{'x':tru,'id':1," REST, "expected a value at byte 5"},
    {"{'x':01,'id':1," REST, "expected ',' or '}' at byte 6"},
    {"{'x':[1,],'id':1," REST, "expected a value at byte 8"},
    {"{'id':1,'x':'\xc0'," REST, "invalid UTF-8 at byte 13"},
    /* twice */
    {"{'id':1,'id':1," REST, "id is there twice, again at byte 8"},
    {"{'id':1, '\\u0069\\u0064':2," REST, "id is there twice, again at byte 9"},
    {"{'\\u0069d':1,'id':x", "id is there twice, again at byte 13"},
    {"{'user_agent':'','user_agent':''}", "user_agent is there twice, again at byte 17"},
    {"{'metadata':[],'x':0,'metadata':1}", "metadata is there twice, again at byte 21"}};

static void refused(void)
{
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct echo_document document, untouched;
        struct error err = {""};
        memset(&document, 0x5a, sizeof(document));
        untouched = document;
        TAP_OK(!decode(quoted(bad[i].body), &document, &err), "refused: %s",
               guard_shown(str_of(bad[i].body)));
        TAP_TEXT(err.text, bad[i].sentence, "… and why");
        TAP_OK(memcmp(&document, &untouched, sizeof(document)) == 0, "… out untouched");
    }
}

/* No beginning of a document is a document. */
static void truncated(void)
{
    int wrong = 0;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct str body = quoted(good[i].body);
        size_t end = (size_t)(strrchr(body.ptr, '}') - body.ptr);
        for (size_t len = 0; len <= end; len++) {
            struct echo_document document;
            struct error err;
            wrong += echo_decode(
                guard_place(&guard, GUARD_BEHIND, (struct str){body.ptr, len}), &document,
                &err);
        }
    }
    TAP_INT(wrong, 0, "each truncation is refused");
}

int main(void)
{
    guard_init(&guard, ROOM_BYTES);
    taken();
    refused();
    truncated();
    guard_fini(&guard);
    return tap_done();
}
