package control

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// What is written beside the pixels of a picture (where it was taken, when, with what, by whom, a small copy of what was cut away) is
// nobody's business who gets the mail. The walkers below copy the segments that make the picture, as they are, and leave out all others,
// and whatever follows the picture's end. Pixels are not touched. False: the file is not made as its kind is.

// stripJPEG keeps the segments of the picture, its colour profile, and of EXIF the orientation alone: most mail programs turn by it.
// Turn is that orientation, 1 to 8.
func stripJPEG(raw []byte) (out []byte, turn int, ok bool) {
	const start, end, scan, restart = 0xd8, 0xd9, 0xda, 0xd0
	if len(raw) < 4 || raw[0] != 0xff || raw[1] != start {
		return nil, 0, false
	}
	out, turn = append(make([]byte, 0, len(raw)), raw[:2]...), 1
	for at := 2; at+1 < len(raw); {
		if raw[at] != 0xff {
			return nil, 0, false
		}
		marker := raw[at+1]
		switch marker {
		case 0xff: // filling
			at++
			continue
		case end:
			return append(out, 0xff, end), turn, true
		}
		if at+4 > len(raw) {
			return nil, 0, false
		}
		next := at + 2 + int(binary.BigEndian.Uint16(raw[at+2:]))
		if next < at+4 || next > len(raw) {
			return nil, 0, false
		}
		segment := raw[at+4 : next]
		if exif, is := bytes.CutPrefix(segment, []byte("Exif\x00\x00")); is && marker == 0xe1 {
			if t := orientation(exif); t > 1 && turn == 1 {
				turn, out = t, append(out, turned(t)...)
			}
		} else if keptOfJPEG(marker, segment) {
			out = append(out, raw[at:next]...)
		}
		at = next
		if marker != scan {
			continue
		}
		for at+1 < len(raw) && (raw[at] != 0xff || raw[at+1] == 0 || raw[at+1]&^7 == restart) { // the pixels, up to the next marker
			at++
		}
		out = append(out, raw[next:at]...)
	}
	return nil, 0, false
}

// keptOfJPEG says whether a picture needs a segment: its tables, and of what applications add JFIF without its small copy, the colour
// profile, and how Adobe's colours are to be read.
func keptOfJPEG(marker byte, segment []byte) bool {
	switch marker {
	case 0xe2:
		return bytes.HasPrefix(segment, []byte("ICC_PROFILE\x00"))
	case 0xe0:
		return bytes.HasPrefix(segment, []byte("JFIF\x00")) && len(segment) == 14
	case 0xee:
		return bytes.HasPrefix(segment, []byte("Adobe"))
	}
	return marker >= 0xc0 && marker <= 0xdf
}

// orientation is what EXIF says of how the picture is turned; 1 where it says nothing of it.
func orientation(exif []byte) int {
	const tag = 0x0112
	var order binary.ByteOrder = binary.BigEndian
	switch {
	case len(exif) < 8:
		return 1
	case bytes.HasPrefix(exif, []byte("II")):
		order = binary.LittleEndian
	}
	first := int64(order.Uint32(exif[4:]))
	if first+2 > int64(len(exif)) {
		return 1
	}
	entries := exif[first+2:]
	for range order.Uint16(exif[first:]) {
		if len(entries) < 12 {
			break
		}
		if v := int(order.Uint16(entries[8:])); order.Uint16(entries) == tag && v >= 1 && v <= 8 {
			return v
		}
		entries = entries[12:]
	}
	return 1
}

// turned is a segment of EXIF that says nothing but the orientation.
func turned(t int) []byte {
	return append([]byte("\xff\xe1\x00\x22Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"), byte(t), 0, 0, 0, 0, 0, 0)
}

// stripPNG keeps the chunks that say what is seen.
func stripPNG(raw []byte) (out []byte, turn int, ok bool) {
	const kept = " IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD hIST pHYs sPLT acTL fcTL fdAT "
	if len(raw) < 8 {
		return nil, 0, false
	}
	out = append(make([]byte, 0, len(raw)), raw[:8]...)
	for at := 8; at+12 <= len(raw); {
		size := int64(binary.BigEndian.Uint32(raw[at:]))
		if size > int64(len(raw)-at-12) {
			return nil, 0, false
		}
		next, name := at+12+int(size), string(raw[at+4:at+8])
		if strings.Contains(kept, " "+name+" ") {
			out = append(out, raw[at:next]...)
		}
		if name == "IEND" {
			return out, 1, true
		}
		at = next
	}
	return nil, 0, false
}

// stripGIF keeps the frames, how long each is shown, and how often all of them.
func stripGIF(raw []byte) (out []byte, turn int, ok bool) {
	const head, trailer, extension, frame = 13, 0x3b, 0x21, 0x2c
	if len(raw) < head || len(raw) < head+colours(raw[10]) {
		return nil, 0, false
	}
	at := head + colours(raw[10])
	out = append(make([]byte, 0, len(raw)), raw[:at]...)
	for at < len(raw) {
		from, keep := at, true
		switch raw[at] {
		case trailer:
			return append(out, trailer), 1, true
		case extension:
			if at+2 > len(raw) {
				return nil, 0, false
			}
			keep = raw[at+1] == 0xf9 || raw[at+1] == 0xff && loops(raw[at+2:])
			at += 2
		case frame:
			if at+10 > len(raw) {
				return nil, 0, false
			}
			at += 10 + colours(raw[at+9]) + 1
		default:
			return nil, 0, false
		}
		for { // blocks, of which an empty one is the last
			if at >= len(raw) {
				return nil, 0, false
			}
			size := int(raw[at])
			at += 1 + size
			if size == 0 {
				break
			}
		}
		if keep {
			out = append(out, raw[from:at]...)
		}
	}
	return nil, 0, false
}

// colours is how many bytes a table of colours has, by the flags before it.
func colours(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// loops says whether an application's extension is about how often the frames are shown.
func loops(block []byte) bool {
	return bytes.HasPrefix(block, []byte("\x0bNETSCAPE2.0")) || bytes.HasPrefix(block, []byte("\x0bANIMEXTS1.0"))
}
