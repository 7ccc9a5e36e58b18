/* Files for browsers: of a folder, or of the program itself. */
#pragma once

#include <stddef.h>

#include "http/server.h"

/* A file in the program itself; tools/embed-files makes tables of them. */
struct http_file {
    const char *path;
    const unsigned char *gzip;
    size_t gzip_length;
    size_t length; /* of what it inflates to */
};

/* Both answer a GET or HEAD for `path` (relative, as asked for): compressed for those who take it, with an ETag, 304
 * for who has it already, for ever where the name has a hash of the contents in it (assets/), and with a policy that
 * lets a page run its own scripts only. A name without a dot is a page of an application: it gets index.html. */
void http_reply_embedded(struct http_request *request, const struct http_file *files, unsigned count, const char *path);
/* Of `folder`, read anew each time: a file's .gz where one lies beside it, for development. */
void http_reply_file(struct http_request *request, const char *folder, const char *path);
