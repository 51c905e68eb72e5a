#pragma once

/* From a complete request to the core: route, body, who asks, handler. */

#include "http/request.h"

/* Before the body: sets route when there is one. 0, or the reply stands already. */
int dispatch_target(Request *request);
/* When the body is complete. Afterwards either the reply stands, or request->ready will be called,
 * which is never done before this returned. */
void dispatch_request(Request *request);
