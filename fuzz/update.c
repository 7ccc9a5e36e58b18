/* An UPDATE body on any kind of session: octet 0 is the kind. */
#include "fuzz.h"
#include "updates.h"

enum { BODY_MAX_BYTES = 65535 - 19 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 5 || size - 1 > BODY_MAX_BYTES)
        return 0;
    struct update_rules rules = fuzz_rules(data[0]);
    fuzz_update(&rules, data + 1, size - 1);
    return 0;
}
