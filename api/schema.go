package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"perennial/journey"
)

// journeySchema serves the JSON Schema of the language; an editor that has it asks by its ETag.
func journeySchema(c *gin.Context) {
	schema := journey.Schema()
	sum := sha256.Sum256(schema)
	c.Header("Content-Type", "application/schema+json")
	c.Header("Etag", `"`+hex.EncodeToString(sum[:8])+`"`)
	c.Header("Cache-Control", "public, max-age=3600")
	c.Header("Access-Control-Allow-Origin", "*") // editors run in browsers, too, and it says nothing of anybody
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(schema))
}
