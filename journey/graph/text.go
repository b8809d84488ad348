package graph

import (
	"math"
	"strings"
)

// style of a line of text.
type style int

const (
	strong style = iota // what a step does
	small               // what more there is to say
	label               // of an edge
	part                // of an edge: the share that goes this way
)

// Places of the text in a box.
const (
	textTop   = 11.0
	textLeft  = 46.0 // right of the icon
	textRight = 12.0
)

// line is one line of text with the width that it takes up at most.
type line struct {
	text  string
	style style
	width float64
}

func (s style) size() float64 { return [...]float64{13, 11.5, 11.5, 11.5}[s] }

func (l line) height() float64 { return [...]float64{18, 16, 16, 16}[l.style] }

func measured(text string, s style) line { return line{text, s, width(text, s)} }

// broken breaks the text into so many lines at most; what is left over ends in an ellipsis.
func broken(text string, s style, most float64, lines int) []line {
	var out []line
	words := strings.Fields(text)
	for len(words) > 0 {
		n := 1
		for n < len(words) && width(strings.Join(words[:n+1], " "), s) <= most {
			n++
		}
		one := strings.Join(words[:n], " ")
		words = words[n:]
		switch {
		case len(out)+1 == lines && len(words) > 0:
			one, words = clipped(one+" …", s, most), nil
		case width(one, s) > most:
			one = clipped(one+"…", s, most)
		}
		out = append(out, measured(one, s))
	}
	return out
}

// clipped cuts before the ellipsis until it fits.
func clipped(text string, s style, most float64) string {
	runes := []rune(strings.TrimRight(strings.TrimSuffix(text, "…"), " "))
	for len(runes) > 1 && width(string(runes)+"…", s) > most {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimRight(string(runes), " ,") + "…"
}

// width is an estimate on the wide side for the sans-serif faces that systems bring, in pixels.
func width(text string, s style) float64 {
	total := 0.0
	for _, r := range text {
		total += advance(r)
	}
	if s == strong || s == part {
		total *= 1.14
	}
	return math.Ceil(total * s.size())
}

// advance of a character in parts of the type size.
func advance(r rune) float64 {
	switch {
	case strings.ContainsRune("iljI.,:;|!'’` ", r):
		return 0.31
	case strings.ContainsRune("frt-()[]/\"“”", r):
		return 0.4
	case strings.ContainsRune("mwMW%@…—", r):
		return 0.94
	case r >= 'A' && r <= 'Z':
		return 0.71
	case r > 0x2e80:
		return 1.05
	}
	return 0.6
}
