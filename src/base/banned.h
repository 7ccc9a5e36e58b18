/* Given to every core source by the build (-include): functions whose bounds nobody checks do not compile.
 * Their replacements: struct str and struct text for building, str_parse_u64 for numbers, an explicit bound for memory.
 * The system headers that declare or define them come first; those that follow must not name them.
 */
#pragma once

#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef alloca
#undef strcpy
#undef strcat
#undef strtok
#undef stpcpy
#undef sprintf
#undef vsprintf
#undef gets
#pragma GCC poison strcpy strcat stpcpy sprintf vsprintf atoi atol atoll gets strtok alloca
