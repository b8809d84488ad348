package journey

import (
	_ "embed"
	"slices"
)

//go:embed schema.json
var schema []byte

// Schema is the JSON Schema (2020-12) of the language, for editors. It knows shapes and words; Parse knows the rest.
func Schema() []byte { return slices.Clone(schema) }
