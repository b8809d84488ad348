package journey

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("journey.json", document))
	s, err := c.Compile("journey.json")
	require.NoError(t, err)
	return s
}

// asJSON is a YAML source as an editor sees it: a time is the text that was written.
func asJSON(t *testing.T, src string) any {
	t.Helper()
	var tree any
	require.NoError(t, yaml.Unmarshal([]byte(src), &tree), src)
	raw, err := json.Marshal(dateless(tree))
	require.NoError(t, err)
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	require.NoError(t, err)
	return out
}

func dateless(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.Format(time.RFC3339)
	case map[string]any:
		for k, inner := range v {
			v[k] = dateless(inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = dateless(inner)
		}
	}
	return v
}

// sources are all journeys that ship, and every example of the language's page.
func sources(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, pattern := range []string{"../templates/*/journey.yaml", "../examples/*/journey.yaml", "testdata/*.yaml"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, file := range files {
			src, err := os.ReadFile(file)
			require.NoError(t, err)
			out[file] = string(src)
		}
	}
	for i, src := range pageExamples(t) {
		out[fmt.Sprintf("language.md, example %d", i+1)] = src
	}
	return out
}

func TestWhatIsShippedIsValidUnderTheSchema(t *testing.T) {
	t.Parallel()
	s := compiledSchema(t)
	for name, src := range sources(t) {
		assert.NoError(t, s.Validate(asJSON(t, src)), name)
	}
}

func TestTheSchemaRefuses(t *testing.T) {
	t.Parallel()
	s := compiledSchema(t)
	require.NoError(t, s.Validate(asJSON(t, minimal+"steps: [ { send: hello } ]\n")))
	for _, steps := range []string{
		`[]`, `{ send: hello }`, `[ { sned: hello } ]`, `[ { send: hello, wait: 5d } ]`, `[ { id: a } ]`, `[ { send: Hello } ]`, `[ { send: { from: a@b } } ]`,
		`[ { send: { message: a, winner: { by: clicked, after: 1d, min: 1 } } } ]`, `[ { send: { message: a, subjects: { a: A } } } ]`,
		`[ { send: { message: a, to: everybody } } ]`, `[ { send: { message: a, if_unsendable: wait } } ]`,
		`[ { wait: 5 } ]`, `[ { wait: 0d } ]`, `[ { wait: 5 days } ]`, `[ { wait: { at: "9:30" } } ]`, `[ { wait: { at: "09:30", day: monday } } ]`, `[ { wait: { until: soon } } ]`,
		`[ { wait: { until: { trigger: a, atribute: b } } } ]`, `[ { wait: { for: { attribute: a }, unit: s } } ]`,
		`[ { wait_for: { timeout: { after: 1d, then: [ { exit: a } ] } } } ]`, `[ { wait_for: { any: [ { event: A } ] } } ]`,
		`[ { wait_for: { any: [ { event: A, if: { attribute: a, eq: 1 }, then: [ { exit: a } ] } ] } } ]`, `[ { wait_for: { any: [ { event: A, then: [] } ] } } ]`,
		`[ { branch: [ { else: [ { exit: a } ] } ] } ]`, `[ { branch: [ { if: { attribute: a }, then: [ { exit: a } ] } ] } ]`,
		`[ { branch: [ { if: { attribute: a, eq: 1, ne: 2 }, then: [ { exit: a } ] } ] } ]`, `[ { branch: [ { if: { attribute: a, gt: "1" }, then: [ { exit: a } ] } ] } ]`,
		`[ { branch: [ { if: { attribute: a, missing: false }, then: [ { exit: a } ] } ] } ]`, `[ { branch: [ { if: { consent: a, is: maybe }, then: [ { exit: a } ] } ] } ]`,
		`[ { branch: [ { if: { answer: points, eq: 1 }, then: [ { exit: a } ] } ] } ]`, `[ { branch: [ { if: { event: A, count: { in: [1] } }, then: [ { exit: a } ] } ] } ]`,
		`[ { split: [ { name: a, share: 0, then: [ { exit: a } ] } ] } ]`, `[ { split: { winner: { by: goal, after: 1d, min: 1 } } } ]`,
		`[ { split: { variants: [ { name: a, share: 100, then: [ { exit: a } ] } ], winner: { by: opened, after: 1d, min: 1 } } } ]`,
		`[ { coupon: { as: a } } ]`, `[ { survey: { ask: nps } } ]`, `[ { survey: { ask: nps, send: a, no_answer: [ { exit: a } ] } } ]`, `[ { task: { team: a } } ]`, `[ { set: {} } ]`,
		`[ { set: { a: { add: b } } } ]`, `[ { start: { with: { a: 1 } } } ]`, `[ { repeat: { times: 500, then: [ { wait: 1d } ] } } ]`, `[ { leave: [] } ]`,
		`[ { webhook: { as: a } } ]`, `[ { webhook: { to: a, on_error: retry } } ]`, `[ { consent: { topic: a } } ]`, `[ { suppress: enough } ]`, `[ { pause: { topics: [a] } } ]`,
	} {
		src := minimal + "steps: " + steps + "\n"
		assert.Error(t, s.Validate(asJSON(t, src)), steps)
		_, problems := Parse("", []byte(src))
		assert.NotEmpty(t, problems.Errors(), "Parse refuses it, too: %s", steps)
	}
	for _, top := range []string{"holdout: 51", "exit: []", "goal: { event: A, if: { attribute: a, eq: 1 } }", "cap: { messages: 1 }", "send_window: { from: 9, to: 10 }",
		"topics: { a: { double_opt_in: true } }", "pools: { a: { length: 5 } }", "surveys: { a: { question: b } }", "webhooks: { a: { url: \"https://a\" } }", "segments: {}", "priority: high", "webhoks: {}"} {
		assert.Error(t, s.Validate(asJSON(t, minimal+"steps: [ { send: hello } ]\n"+top+"\n")), top)
	}
}

// Every word that the parser knows stands in the schema at a place of the same words, and the schema has no other.
func TestTheSchemaHasTheWordsOfTheParser(t *testing.T) {
	t.Parallel()
	var tree any
	require.NoError(t, json.Unmarshal(Schema(), &tree))
	var places []map[string]bool
	words := set{}
	closedObjects(tree, func(properties map[string]any) {
		place := set{}
		place.add(slices.Collect(maps.Keys(properties))...)
		words.add(place.sorted()...)
		places = append(places, place)
	})
	known := set{}
	for name, src := range sources(t) {
		for _, list := range parseSource(name, []byte(src)).order {
			known.add(list...)
			assert.True(t, slices.ContainsFunc(places, func(place map[string]bool) bool {
				return !slices.ContainsFunc(list, func(word string) bool { return !place[word] })
			}), "no place of the schema has all of %s", strings.Join(list, ", "))
		}
	}
	assert.Equal(t, known.sorted(), words.sorted(), "words of the parser, in all that ships, and of the schema")
	for _, kind := range stepKinds() {
		assert.True(t, words[kind], kind)
	}
	for _, op := range operators() {
		assert.True(t, words[op], op)
	}
}

// closedObjects calls f with the properties of every schema that takes no others.
func closedObjects(tree any, f func(map[string]any)) {
	switch v := tree.(type) {
	case map[string]any:
		if properties, is := v["properties"].(map[string]any); is && v["additionalProperties"] == false {
			f(properties)
		}
		for _, inner := range v {
			closedObjects(inner, f)
		}
	case []any:
		for _, inner := range v {
			closedObjects(inner, f)
		}
	}
}
