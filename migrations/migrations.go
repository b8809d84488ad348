// Package migrations holds the schema as goose migrations, embedded. They only ever go forward.
package migrations

import "embed"

// Files holds the migrations, in order of their names.
//
//go:embed *.sql
var Files embed.FS
