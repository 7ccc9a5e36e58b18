/* Services every gRPC tool knows: health (grpc.health.v1) for probes, and reflection (grpc.reflection.v1 and v1alpha),
 * by which a tool such as grpcurl learns what else there is.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "rpc/server.h"

/* Says SERVING for the server ("") and for each service that is registered, as long as the server is not draining. */
void rpc_health_register(struct rpc_server *server);

/* A FileDescriptorSet with every file a service needs, as `protoc --include_imports` writes it; kept, not copied. */
struct rpc_descriptors {
    const uint8_t *bytes;
    size_t length;
};
void rpc_reflection_register(struct rpc_server *server, const struct rpc_descriptors *descriptors);
