package api

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

var soundSeeds = []string{
	``, ` `, `{}`, `[]`, ` { } `, `[ ]`, `{"a":1}`, `{"a" : [1, 2 , {"b":null}], "c":true,"d":false}`, `{"a":1,}`, `{,}`, `[1,]`, `[,1]`, `{"a"}`, `{"a":}`, `{a:1}`,
	`{"a":1}{}`, `[1] x`, `{"a":1`, `[1`, `[`, `{`, `{"a":[}`, `[}`, `{]`, `0`, `-0`, `01`, `-`, `1.`, `1.5`, `.5`, `1e5`, `1E+5`, `1e-`, `1e`, `+1`, `--1`, `1.5e3.2`,
	`"`, `"a`, `"\"`, `"\""`, `"\u12aF"`, `"\u12g4"`, `"\u12`, `"\x"`, "\"\n\"", "\"\x1f\"", "\"\x7f\xff\"", `"\\"`, `"\/\b\f\n\r\t"`, `tru`, `true`, `truex`, `nul`, `null`, `falsE`,
	"\ufeff{}", "\t\r\n{}\v", "[1\u00a0]", `"a" "b"`, `{"a":"b" "c"}`, `[1 2]`, `{"a":1 "b":2}`,
}

func TestSoundJSONIsThatOfTheLibrary(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, text := range append(soundSeeds, deep(9_999), deep(10_000), deep(10_001), strings.Repeat(`{"a":`, 10_000)+"1"+strings.Repeat("}", 10_000)) {
		assert.Equal(t, json.Valid([]byte(text)), isJSON(text), "%.60q", text)
	}
}

func FuzzIsJSON(f *testing.F) {
	for _, seed := range soundSeeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if json.Valid([]byte(text)) != isJSON(text) {
			t.Fatalf("%q", text)
		}
	})
}

func BenchmarkIsJSON(b *testing.B) {
	text := `{"batch":[` + strings.Repeat(`{"type":"track","messageId":"order-4711","userId":"u17","event":"Order Completed","properties":{"order_id":"4711","total":49.5,`+
		`"products":[{"sku":"linen-sheet","price":29.5}]},"timestamp":"2030-05-06T09:00:00Z"},`, 100) + `{}]}`
	for name, valid := range map[string]func() bool{"here": func() bool { return isJSON(text) }, "library": func() bool { return json.Valid([]byte(text)) }} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if !valid() {
					b.Fatal("it is none")
				}
			}
		})
	}
}
