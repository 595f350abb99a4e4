// The doctor: every link between a source and a destination, tried one by one, with the fix for
// each that is broken. `check --connect` tries what a run will do, as a whole, and stops at the
// first failure; the doctor takes it apart.
#ifndef SPILLWAY_APP_DOCTOR_H_
#define SPILLWAY_APP_DOCTOR_H_

#include <string>
#include <vector>

#include "app/project.h"
#include "base/call_context.h"
#include "connector/finding.h"

namespace spillway {

struct Diagnosis {
  std::string pipeline;  // empty: of the project as a whole
  Findings findings;
};

// The state and the disk.
Diagnosis DiagnoseProject(const Project& project, const CallContext& ctx);
// Source, mapping and destination. Writes nothing.
Diagnosis DiagnosePipeline(const Project& project, const PipelineConfig& pipeline,
                           const CallContext& ctx);

}  // namespace spillway

#endif  // SPILLWAY_APP_DOCTOR_H_
