package control

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"io"
	"slices"

	"golang.org/x/image/webp"
)

// A WebP is a RIFF: chunks of four letters, a size and so many bytes, filled up to an even number. With frames it begins with the chunk VP8X,
// in which a flag says so; each frame is a chunk ANMF that holds the chunks of a picture behind its place and its time.

const (
	webpHead   = 12 // RIFF, the size of what follows, WEBP
	chunkHead  = 8
	frameHead  = 16          // place, size, duration and how it is drawn
	animated   = 0x02        // a flag of VP8X
	exifAndXMP = 0x08 | 0x04 // two more
	maxFrames  = 64 << 20    // pixels of all frames together: each is read to its end
)

var errFrames = errors.New("the frames are not those of a WebP")

// webpChunk is one chunk with its head and its filling.
type webpChunk struct {
	name string
	all  []byte
	data []byte
}

// webpChunks reads chunks that follow one another; false: they do not end where the bytes do.
func webpChunks(raw []byte) (out []webpChunk, ok bool) {
	for len(raw) >= chunkHead {
		size := int64(binary.LittleEndian.Uint32(raw[4:]))
		next := chunkHead + size + size&1
		if next > int64(len(raw)) {
			return nil, false
		}
		out = append(out, webpChunk{string(raw[:4]), raw[:next], raw[chunkHead : chunkHead+size]})
		raw = raw[next:]
	}
	return out, true
}

// moves says whether the chunks are those of a picture with frames.
func moves(chunks []webpChunk) bool {
	return len(chunks) > 0 && chunks[0].name == "VP8X" && len(chunks[0].data) == 10 && chunks[0].data[0]&animated != 0
}

// stripWebP keeps the chunks that say what is seen, and takes back that there were others. Of one with frames it keeps the frames.
func stripWebP(raw []byte) (out []byte, turn int, ok bool) {
	if len(raw) < webpHead {
		return nil, 0, false
	}
	end := int64(binary.LittleEndian.Uint32(raw[4:])) + chunkHead
	if end > int64(len(raw)) || end < webpHead {
		return nil, 0, false
	}
	chunks, ok := webpChunks(raw[webpHead:end])
	if !ok {
		return nil, 0, false
	}
	kept := []string{"VP8 ", "VP8L", "VP8X", "ALPH", "ICCP"}
	if moves(chunks) {
		kept = []string{"VP8X", "ICCP", "ANIM", "ANMF"}
	}
	out = append(make([]byte, 0, len(raw)), raw[:webpHead]...)
	for _, c := range chunks {
		from := len(out)
		switch {
		case !slices.Contains(kept, c.name):
			continue
		case c.name == "ANMF":
			frame, sound := stripFrame(c.data)
			if !sound {
				return nil, 0, false
			}
			out = append(out, frame...)
			continue
		}
		out = append(out, c.all...)
		if c.name == "VP8X" && len(c.data) > 0 {
			out[from+chunkHead] &^= exifAndXMP
		}
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-chunkHead)) //nolint:gosec // it is no longer than what came
	return out, 1, true
}

// stripFrame is the chunk of a frame with what is seen of it.
func stripFrame(data []byte) (out []byte, ok bool) {
	if len(data) < frameHead {
		return nil, false
	}
	chunks, ok := webpChunks(data[frameHead:])
	if !ok {
		return nil, false
	}
	out = append([]byte("ANMF\x00\x00\x00\x00"), data[:frameHead]...)
	for _, c := range chunks {
		if slices.Contains([]string{"VP8 ", "VP8L", "ALPH"}, c.name) {
			out = append(out, c.all...)
		}
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-chunkHead)) //nolint:gosec // it is no longer than what came
	return out, true
}

// decodeWebP reads a picture to its end; of one with frames each of them, and returns the first.
func decodeWebP(r io.Reader) (image.Image, error) {
	raw, err := io.ReadAll(r)
	if err != nil || len(raw) < webpHead {
		return nil, errFrames
	}
	chunks, ok := webpChunks(raw[webpHead:])
	if !ok || !moves(chunks) {
		return webp.Decode(bytes.NewReader(raw))
	}
	var first image.Image
	canvas := chunks[0].data
	wide, high, pixels := size24(canvas[4:]), size24(canvas[7:]), 0
	for _, c := range chunks {
		if c.name != "ANMF" {
			continue
		}
		if len(c.data) < frameHead {
			return nil, errFrames
		}
		w, h := size24(c.data[6:]), size24(c.data[9:])
		pixels += w * h
		if pixels > maxFrames || 2*(size24(c.data)-1)+w > wide || 2*(size24(c.data[3:])-1)+h > high {
			return nil, errFrames
		}
		frame, err := decodeFrame(c.data)
		if err != nil {
			return nil, err
		}
		if first == nil {
			first = frame
		}
	}
	if first == nil {
		return nil, errFrames
	}
	return first, nil
}

// decodeFrame reads a frame as the picture that it would be by itself.
func decodeFrame(data []byte) (image.Image, error) {
	const translucent = 0x10
	head := append([]byte("VP8X\x0a\x00\x00\x00\x00\x00\x00\x00"), data[6:12]...)
	if bytes.HasPrefix(data[frameHead:], []byte("ALPH")) {
		head[chunkHead] = translucent
	}
	alone := slices.Concat([]byte("RIFF\x00\x00\x00\x00WEBP"), head, data[frameHead:])
	binary.LittleEndian.PutUint32(alone[4:], uint32(len(alone)-chunkHead)) //nolint:gosec // an image is at most MaxImage
	return webp.Decode(bytes.NewReader(alone))
}

// size24 is a size of three bytes, which are one less.
func size24(b []byte) int { return 1 + int(b[0]) + int(b[1])<<8 + int(b[2])<<16 }
