// Package graph lays a journey out as a picture: from top to bottom, the arms of a step side by side, rejoining below.
//
// [Layout] makes boxes and edges of a definition; [Picture.SVG] draws them, [Mermaid] writes the same as text. Everything is
// pure. Units are CSS pixels.
package graph
