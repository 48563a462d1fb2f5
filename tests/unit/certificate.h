/*
 * certificate: a CA of the test's own and certificates that it signs, made when the test
 * runs, so that none can expire in the repository.
 */
#ifndef DRAGSTRIP_TESTS_CERTIFICATE_H
#define DRAGSTRIP_TESTS_CERTIFICATE_H

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

enum { CERTIFICATE_DAY = 24 * 3600 };

struct certificate {
    EVP_PKEY *key;
    X509 *x509;
};

static inline void certificate_free(struct certificate *certificate)
{
    X509_free(certificate->x509);
    EVP_PKEY_free(certificate->key);
}

static inline void certificate_extend(X509 *x509, const struct certificate *by, int nid,
                                      const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, by->x509, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert(extension);
    X509_add_ext(x509, extension, -1);
    X509_EXTENSION_free(extension);
}

/* The name, a key, and a time from from_s to to_s, seconds from now. */
static inline struct certificate certificate_begin(const char *name, long from_s,
                                                   long to_s)
{
    struct certificate made = {EVP_EC_gen("P-256"), X509_new()};
    assert(made.key && made.x509);
    static long serial;
    X509_set_version(made.x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.x509), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made.x509), from_s);
    X509_gmtime_adj(X509_getm_notAfter(made.x509), to_s);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.x509), "CN", MBSTRING_UTF8,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_pubkey(made.x509, made.key);
    return made;
}

static inline void certificate_sign(struct certificate *made,
                                    const struct certificate *by)
{
    X509_set_issuer_name(made->x509, X509_get_subject_name(by->x509));
    int len = X509_sign(made->x509, by->key, EVP_sha256());
    assert(len > 0);
}

static inline struct certificate certificate_authority(const char *name)
{
    struct certificate made =
        certificate_begin(name, -CERTIFICATE_DAY, 10 * CERTIFICATE_DAY);
    certificate_extend(made.x509, &made, NID_basic_constraints, "critical,CA:TRUE");
    certificate_extend(made.x509, &made, NID_key_usage, "critical,keyCertSign");
    certificate_sign(&made, &made);
    return made;
}

/* For "DNS:localhost,IP:127.0.0.1"; good until to_s seconds from now. */
static inline struct certificate certificate_for(const char *names, long to_s,
                                                 const struct certificate *authority)
{
    struct certificate made =
        certificate_begin("a server of a test", -CERTIFICATE_DAY, to_s);
    certificate_extend(made.x509, authority, NID_subject_alt_name, names);
    certificate_sign(&made, authority);
    return made;
}

/* As a file that a client trusts. */
static inline void certificate_write(const struct certificate *certificate,
                                     const char *path)
{
    FILE *file = fopen(path, "we");
    assert(file);
    int written = PEM_write_X509(file, certificate->x509);
    int closed = fclose(file);
    assert(written == 1 && closed == 0);
}

#endif
