// ShareFolder: the board of those processes of one project that run on this machine: small files
// beside its local state. Not in the state itself: the members ask many times a second, and neither
// a database that makes every write durable nor a container that charges for every request is made
// for that; and a locked file tells at once that its process has ended.
#ifndef SPILLWAY_THROUGHPUT_SHARE_FOLDER_H_
#define SPILLWAY_THROUGHPUT_SHARE_FOLDER_H_

#include <memory>
#include <string>

#include "base/clock.h"
#include "connector/share_board.h"

namespace spillway {

// Of those who write to `target`, as their destination describes it. Makes `folder` and what is in
// it (0700, files 0600) in Prepare; its parent folder must be there or be makeable. What members
// leave behind that have died is removed by others. Files of the folder:
//   TARGET-HASH/ledger     one line per part; replaced as a whole
//   TARGET-HASH/lock       held while it is replaced
//   TARGET-HASH/m-MEMBER   a notice in one line; held locked for as long as the member lives
std::unique_ptr<ShareBoard> MakeShareFolder(std::string folder, std::string_view target,
                                            Clock& clock);

}  // namespace spillway

#endif  // SPILLWAY_THROUGHPUT_SHARE_FOLDER_H_
