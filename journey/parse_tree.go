package journey

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// tree turns the bytes into a tree of maps, lists and scalars, and refuses all of YAML that a journey has no use for. It
// returns nil when there is nothing that could be read on.
func (p *parser) tree(src []byte) *yaml.Node {
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	if !p.plainText(src) {
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(src))
	var document, second yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		p.faultAt(1, 1, "the file is empty", "begin with `journey: KEY`")
		return nil
	case err != nil:
		p.syntax(src, err)
		return nil
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		p.fault(&second, "a second document begins here", "keep one journey per file, without `---`")
		return nil
	case !errors.Is(err, io.EOF):
		p.syntax(src, err)
		return nil
	}
	if !p.bounded(document.Content[0], 1) {
		return nil
	}
	return &document
}

// plainText refuses what is too long or is no text.
func (p *parser) plainText(src []byte) bool {
	if len(src) > maxSource {
		p.faultAt(1, 1, fmt.Sprintf("the file has %d bytes", len(src)), "a journey has at most 1 MiB")
		return false
	}
	line, start := 1, 0
	for i := 0; i < len(src); {
		r, size := utf8.DecodeRune(src[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			p.faultAt(line, i-start+1, "this is not UTF-8", "save the file as UTF-8")
			return false
		case r == 0:
			p.faultAt(line, i-start+1, "there is a NUL byte", "take it out")
			return false
		case r == '\n':
			line, start = line+1, i+1
		}
		i += size
	}
	return true
}

// syntax reports an error of the YAML library, whose text begins with "yaml: line 3: ".
func (p *parser) syntax(src []byte, err error) {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	reported := 1
	if rest, found := strings.CutPrefix(text, "line "); found {
		if number, message, found := strings.Cut(rest, ": "); found {
			if n, err := strconv.Atoi(number); err == nil {
				reported, text = n, message
			}
		}
	}
	if strings.HasPrefix(text, "unknown anchor") {
		p.faultAt(brokenLine(src, reported), 1, "aliases (`*name`) are not part of the language", "write out what is meant, or use quotes")
		return
	}
	if strings.HasPrefix(text, "did not find") {
		reported++ // the library counts the lines of these from 0
	}
	var inJSON *json.SyntaxError
	if errors.As(json.Unmarshal(src, new(any)), &inJSON) && bytes.HasPrefix(bytes.TrimSpace(src), []byte("{")) {
		before := src[:max(0, inJSON.Offset-1)]
		column := len(before) - bytes.LastIndexByte(before, '\n')
		p.faultAt(1+bytes.Count(before, []byte("\n")), column, "this is not JSON: "+inJSON.Error(), "look at the commas, quotes and brackets just before")
		return
	}
	p.faultAt(brokenLine(src, reported), 1, "this is not YAML: "+text, "look at the indentation, colons, quotes and brackets here and just above")
}

// brokenLine finds the line on which a source breaks. The library mostly names the line on which the list, map or text
// began that is broken; the line after the longest beginning that can be read is nearer to the truth.
func brokenLine(src []byte, reported int) int {
	const most, openLines = 128 << 10, 6 // bytes, for the sake of time; lines that brackets or quotes may stay open
	if len(src) > most {
		return reported
	}
	var ends []int // offset behind each line
	for i, b := range src {
		if b == '\n' || i == len(src)-1 {
			ends = append(ends, i+1)
		}
	}
	readable := func(lines int) bool { return yaml.Unmarshal(src[:ends[lines-1]], new(yaml.Node)) == nil }
	good, bad := 0, len(ends)
	for bad-good > 1 {
		middle := (good + bad) / 2
		lowest := max(good+1, middle-openLines)
		at := middle
		for at >= lowest && !readable(at) {
			at--
		}
		if at >= lowest {
			good = at
		} else {
			bad = lowest
		}
	}
	return max(reported, good+1)
}

// bounded refuses depth, aliases, tags and keys that are no words or stand twice. It says whether the tree can be read on.
func (p *parser) bounded(n *yaml.Node, depth int) bool {
	switch {
	case depth > maxDepth:
		p.fault(n, fmt.Sprintf("this is nested more than %d deep", maxDepth), "move the inner steps into a journey of their own")
		return false
	case n.Kind == yaml.AliasNode:
		p.fault(n, "aliases (`*name`) are not part of the language", "write out what is meant")
		return false
	case n.Anchor != "":
		p.fault(n, "anchors (`&name`) are not part of the language", "write out what is meant")
		return false
	case n.Style&yaml.TaggedStyle != 0:
		p.fault(n, "tags (`!name`) are not part of the language", "leave the tag out")
		return false
	}
	sound := true
	if n.Kind == yaml.MappingNode {
		sound = p.soundKeys(n)
	}
	for _, child := range n.Content {
		sound = p.bounded(child, depth+1) && sound
	}
	return sound
}

func (p *parser) soundKeys(n *yaml.Node) bool {
	sound := true
	first := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.Kind == yaml.AliasNode: // reported by bounded
		case key.Kind != yaml.ScalarNode:
			p.fault(key, "a key is "+kindOf(key)+", not a word", "write the key as one word")
			sound = false
		case key.ShortTag() == "!!merge":
			p.fault(key, "merge keys (`<<`) are not part of the language", "write out what is meant")
			sound = false
		case first[key.Value] != nil:
			p.fault(key, fmt.Sprintf("%s is written twice in this map", quote(key.Value)),
				fmt.Sprintf("keep this one or the one on line %d", first[key.Value].Line))
			sound = false
		default:
			first[key.Value] = key
		}
	}
	return sound
}
