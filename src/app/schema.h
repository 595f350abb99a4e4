// The JSON Schema of spillway.yaml and its reference page: both generated from the specs.
#ifndef SPILLWAY_APP_SCHEMA_H_
#define SPILLWAY_APP_SCHEMA_H_

#include <string>

#include "base/json_writer.h"

namespace spillway {

// The members of the schema object for these keys, with what each connector adds.
void WriteConnectionsSchema(JsonWriter& json);
void WritePipelinesSchema(JsonWriter& json);
void WriteSourceSchema(JsonWriter& json);
void WriteDestinationSchema(JsonWriter& json);

// A whole JSON Schema (draft-07, which editors know best).
std::string ProjectSchema();

// docs/reference/configuration.md.
std::string ConfigurationReference();

}  // namespace spillway

#endif  // SPILLWAY_APP_SCHEMA_H_
