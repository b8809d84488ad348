package store_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"perennial/testenv"
)

// Every SQL text of the package is prepared against the migrated schema: a name that is wrong fails here, on whatever path it
// stands. Texts that are put together at run time are left to the tests of their methods.
func TestEveryStatementPrepares(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), testenv.Database(t))
	require.NoError(t, err)
	defer conn.Close(t.Context()) //nolint:errcheck // the session ends either way
	texts := statements(t)
	assert.Greater(t, len(texts), 60)
	for at, sql := range texts {
		_, err := conn.Prepare(t.Context(), "", sql)
		assert.NoError(t, err, "%s: %s", at, sql)
	}
	t.Logf("%d statements", len(texts))
}

var statement = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s`)

// statements returns the string literals of the package that are whole SQL statements, by their place.
func statements(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	set := token.NewFileSet()
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(set, f.Name(), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(tree, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BinaryExpr:
				return false // a part
			case *ast.BasicLit:
				if n.Kind != token.STRING {
					return true
				}
				text, err := strconv.Unquote(n.Value)
				require.NoError(t, err)
				if statement.MatchString(text) && !strings.Contains(text, "%s") {
					out[set.Position(n.Pos()).String()] = text
				}
			}
			return true
		})
	}
	return out
}
