package api

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"perennial/journey"
)

// maxBody is the largest body, in bytes, as sent and as unpacked.
const maxBody = 1 << 20

// readBody reads a body to its end, unpacking gzip. Too much of it, packed or unpacked, is CodeTooLarge.
func readBody(c *gin.Context) ([]byte, error) {
	r := c.Request
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil, nil
	}
	from, err := unpacked(http.MaxBytesReader(c.Writer, r.Body, maxBody), r.Header.Get("Content-Encoding"))
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	if r.ContentLength > 0 && r.ContentLength <= maxBody {
		body.Grow(int(r.ContentLength) + bytes.MinRead) // a plain body is read without growing
	}
	if _, err := body.ReadFrom(io.LimitReader(from, maxBody+1)); err != nil {
		return nil, err
	}
	if body.Len() > maxBody {
		return nil, journey.Faultf(journey.CodeTooLarge, "the body is over %d KiB, unpacked", maxBody>>10)
	}
	return body.Bytes(), nil
}

// unpacked reads a body that is plain or gzip, whatever its headers say: clients and proxies lose them, and nothing that is taken
// here begins as gzip does. A header that says gzip of what is none is refused, and so is any other encoding.
func unpacked(body io.Reader, encoding string) (io.Reader, error) {
	encoding = strings.ToLower(strings.TrimSpace(encoding))
	if !slices.Contains([]string{"", "identity", "gzip", "x-gzip"}, encoding) {
		return nil, journey.Faultf(journey.CodeMalformed, "the body is encoded as %q; send it plain or as gzip", encoding)
	}
	peek := bufio.NewReaderSize(body, 512) // what is longer is not read through it
	head, err := peek.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, bodyFault(err)
	}
	if !bytes.Equal(head, []byte{0x1f, 0x8b}) {
		if strings.HasSuffix(encoding, "gzip") {
			return nil, journey.Faultf(journey.CodeMalformed, "the body is not the gzip that its header says it is")
		}
		return bodyReader{peek}, nil
	}
	z, err := gzip.NewReader(peek)
	if err != nil {
		return nil, journey.Faultf(journey.CodeMalformed, "the body begins as gzip and is none")
	}
	return bodyReader{z}, nil
}

// bodyReader tells whoever sent a body that it broke off, or was packed wrongly: it is no fault of ours.
type bodyReader struct{ from io.Reader }

func (b bodyReader) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = bodyFault(err)
	}
	return n, err
}

func bodyFault(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return journey.Faultf(journey.CodeTooLarge, "the body is over %d KiB", maxBody>>10)
	}
	return journey.Faultf(journey.CodeMalformed, "the body cannot be read to its end: %s", err)
}

// decode reads one JSON object strictly: broken JSON, a field that nobody knows, anything after the object, NUL and bad UTF-8
// are CodeMalformed, and the fault names the place.
func decode(body []byte, into any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if err := soundText(body); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return jsonFault(body, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return malformed("", "there is something after the JSON object", "send one object and nothing else")
	}
	return nil
}

// soundText refuses what Postgres cannot keep: bytes that are no UTF-8, and NUL, plain or as \u0000.
func soundText(body []byte) error {
	if !utf8.Valid(body) {
		return malformed("", "the body is not UTF-8", "send UTF-8")
	}
	if bytes.IndexByte(body, 0) >= 0 || holdsEscapedNUL(body) {
		return malformed("", "a text holds NUL", "leave it out")
	}
	return nil
}

func holdsEscapedNUL(body []byte) bool {
	for rest := body; ; {
		i := bytes.Index(rest, []byte(`\u0000`))
		if i < 0 {
			return false
		}
		slashes := 0
		for j := i - 1; j >= 0 && rest[j] == '\\'; j-- {
			slashes++
		}
		if slashes%2 == 0 {
			return true
		}
		rest = rest[i+1:]
	}
}

// jsonFault says where the JSON is wrong, and how.
func jsonFault(body []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind):
		return malformed(kind.Field, "is "+sentKind(kind.Value)+", not what belongs there", "send "+wantedKind(kind.Type))
	case errors.As(err, &syntax):
		line, column := place(body, syntax.Offset)
		return &journey.Fault{Code: journey.CodeMalformed, Message: "the body is not JSON",
			Problems: journey.Problems{{Line: line, Column: column, Message: strings.TrimPrefix(syntax.Error(), "json: ")}}}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return malformed("", "the body ends in the middle of the JSON", "send all of it")
	}
	if name, found := strings.CutPrefix(err.Error(), "json: unknown field "); found {
		return malformed(strings.Trim(name, `"`), "is a field that nobody knows here", "see /docs for those that are")
	}
	return malformed("", strings.TrimPrefix(err.Error(), "json: "), "")
}

// sentKind is what stands in the JSON, as people call it.
func sentKind(value string) string {
	word, _, _ := strings.Cut(value, " ") // of a number, its digits follow
	switch word {
	case "array":
		return "a list"
	case "object":
		return "an object"
	case "bool":
		return "true or false"
	}
	return "a " + word
}

// wantedKind is what belongs there.
func wantedKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return wantedKind(t.Elem())
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.String:
		return "a string"
	}
	return "a whole number"
}

func place(body []byte, offset int64) (line, column int) {
	before := body[:min(int(offset), len(body))]
	return 1 + bytes.Count(before, []byte("\n")), len(before) - bytes.LastIndexByte(before, '\n')
}

func malformed(field, message, mend string) error {
	return &journey.Fault{Code: journey.CodeMalformed, Message: "the body cannot be read", Problems: journey.Problems{{Path: field, Message: message, Mend: mend}}}
}
