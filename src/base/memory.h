// Memory of the process as the system sees it.
#ifndef SPILLWAY_BASE_MEMORY_H_
#define SPILLWAY_BASE_MEMORY_H_

namespace spillway {

// Gives free memory of the allocator back to the system, that of other threads too. The allocator
// keeps it for the thread that used it, so that work which goes from thread to thread would count
// once for each. Takes milliseconds per 100 MB.
void ReturnFreeMemory();

}  // namespace spillway

#endif  // SPILLWAY_BASE_MEMORY_H_
