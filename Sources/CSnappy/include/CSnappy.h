// The system's libsnappy, by its C interface.

#ifndef CSNAPPY_H
#define CSNAPPY_H

#include <snappy-c.h>

#endif
