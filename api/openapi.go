package api

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
	"go.yaml.in/yaml/v3"
)

//go:embed openapi.yaml
var openapiYAML []byte

// document is the description of the API: for programs as JSON, for people as a page.
type document struct {
	json []byte
	page docsData
}

func readDocument() (*document, error) {
	var tree map[string]any
	if err := yaml.Unmarshal(openapiYAML, &tree); err != nil {
		return nil, fmt.Errorf("reading openapi.yaml: %w", err)
	}
	d := &document{}
	var err error
	if d.json, err = json.MarshalIndent(tree, "", " "); err != nil {
		return nil, fmt.Errorf("writing openapi.json: %w", err)
	}
	var spec specification
	if err := json.Unmarshal(d.json, &spec); err != nil {
		return nil, fmt.Errorf("reading openapi.json: %w", err)
	}
	d.page = spec.page()
	return d, nil
}

func (s *server) openapi(c *gin.Context) { c.Data(http.StatusOK, "application/json", s.document.json) }

func (s *server) docs(c *gin.Context) {
	s.show(c, s.pages.words[0], shown{http.StatusOK, "docs", s.document.page})
}

// specification is as much of OpenAPI as the page shows.
type specification struct {
	Info       struct{ Title, Description string }
	Tags       []struct{ Name, Description string }
	Paths      map[string]map[string]json.RawMessage
	Components struct {
		Parameters    map[string]parameter
		RequestBodies map[string]requestBody
		Schemas       map[string]schema
	}
}

type parameter struct {
	Ref         string `json:"$ref"`
	Name, In    string
	Description string
	Required    bool
}

type requestBody struct {
	Ref     string `json:"$ref"`
	Content map[string]struct{ Schema schema }
}

type schema struct {
	Ref         string `json:"$ref"`
	Type        any
	Description string
	Required    []string
	Properties  map[string]schema
	Enum        []string
}

type operation struct {
	Tags                 []string
	Summary, Description string
	Roles                []string `json:"x-roles"`
	Parameters           []parameter
	RequestBody          *requestBody
	Responses            map[string]struct{ Description string }
}

// docsData is what the page shows.
type docsData struct {
	Title, Description string
	Groups             []docsGroup
}

type docsGroup struct {
	Name, Description, Anchor string
	Operations                []docsOperation
}

type docsOperation struct {
	Method, Path, Summary, Description, Roles string
	Parameters, Fields                        []docsField
	Answers                                   []docsAnswer
}

type docsField struct {
	Name, Where, Description string
	Required                 bool
}

type docsAnswer struct{ Status, Description string }

func (s *specification) page() docsData {
	d := docsData{Title: s.Info.Title, Description: s.Info.Description}
	for _, tag := range s.Tags {
		g := docsGroup{Name: tag.Name, Description: tag.Description, Anchor: strings.ToLower(strings.ReplaceAll(tag.Name, " ", "-"))}
		for _, path := range slices.Sorted(maps.Keys(s.Paths)) {
			for _, method := range []string{"get", "put", "post", "delete"} {
				var op operation
				if raw := s.Paths[path][method]; raw == nil || json.Unmarshal(raw, &op) != nil || !slices.Contains(op.Tags, tag.Name) {
					continue
				}
				g.Operations = append(g.Operations, s.operation(method, path, op))
			}
		}
		d.Groups = append(d.Groups, g)
	}
	return d
}

func (s *specification) operation(method, path string, op operation) docsOperation {
	out := docsOperation{Method: strings.ToUpper(method), Path: path, Summary: op.Summary, Description: op.Description, Roles: strings.Join(op.Roles, ", ")}
	var shared []parameter
	if raw := s.Paths[path]["parameters"]; raw != nil && json.Unmarshal(raw, &shared) != nil {
		shared = nil
	}
	for _, p := range append(shared, op.Parameters...) {
		if p.Ref != "" {
			p = s.Components.Parameters[lastPart(p.Ref)]
		}
		out.Parameters = append(out.Parameters, docsField{p.Name, p.In, p.Description, p.Required})
	}
	out.Fields = s.fields(op.RequestBody)
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		if r := op.Responses[status]; status < "300" && r.Description != "" {
			out.Answers = append(out.Answers, docsAnswer{status, r.Description})
		}
	}
	return out
}

// fields lists the fields of the first content of a body, in the order of their names, required ones first.
func (s *specification) fields(body *requestBody) []docsField {
	if body == nil {
		return nil
	}
	if body.Ref != "" {
		b := s.Components.RequestBodies[lastPart(body.Ref)]
		body = &b
	}
	var of schema
	for _, kind := range slices.Sorted(maps.Keys(body.Content)) {
		if of = body.Content[kind].Schema; of.Ref != "" {
			of = s.Components.Schemas[lastPart(of.Ref)]
		}
		if len(of.Properties) > 0 {
			break
		}
	}
	var out []docsField
	for _, required := range []bool{true, false} {
		for _, name := range slices.Sorted(maps.Keys(of.Properties)) {
			if slices.Contains(of.Required, name) == required {
				p := of.Properties[name]
				out = append(out, docsField{name, p.words(), p.Description, required})
			}
		}
	}
	return out
}

func (s schema) words() string {
	switch {
	case s.Ref != "":
		return strings.ToLower(lastPart(s.Ref))
	case len(s.Enum) > 0:
		return strings.Join(s.Enum, " | ")
	case s.Type == nil:
		return "anything"
	}
	return fmt.Sprint(s.Type)
}

func lastPart(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }
