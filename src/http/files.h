/* Files of a folder, for browsers. */
#pragma once

#include "http/server.h"

/* Answers with the file `path` (relative, as asked for) of `folder`, or its .gz where one lies beside it and the client
 * takes it. A name without a dot that is no file is a page of an application: it gets index.html. */
void http_reply_file(struct http_request *request, const char *folder, const char *path);
