package control

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/image/webp"
)

// lossless is a WebP of one pixel.
func lossless(t testing.TB) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
	require.NoError(t, err)
	return raw
}

// photo is a picture of 30 by 20 pixels in each kind but WebP.
func photo(t testing.TB) (jpegs, pngs, gifs []byte) {
	t.Helper()
	i := image.NewPaletted(image.Rect(0, 0, 30, 20), color.Palette{color.Black, color.White})
	i.Set(3, 4, color.White)
	var j, p, g bytes.Buffer
	require.NoError(t, jpeg.Encode(&j, i, nil))
	require.NoError(t, png.Encode(&p, i))
	require.NoError(t, gif.EncodeAll(&g, &gif.GIF{Image: []*image.Paletted{i, i}, Delay: []int{10, 10}}))
	return j.Bytes(), p.Bytes(), g.Bytes()
}

// segment is one of a JPEG.
func segment(marker byte, text string) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(text)+2)), text...)
}

// chunk is one of a PNG.
func chunk(name, text string) []byte {
	out := append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), name+text...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// fromAPhone is the EXIF of a picture that lies on its side, with where it was taken.
const fromAPhone = "Exif\x00\x00II\x2a\x00\x08\x00\x00\x00\x02\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x25\x88\x04\x00\x01\x00\x00\x00\x26\x00\x00\x00\x00\x00\x00\x00GPS 48.2082"

func TestWhereAPhotoWasTakenIsNotSent(t *testing.T) {
	t.Parallel()
	jpegs, pngs, gifs := photo(t)
	profile := segment(0xe2, "ICC_PROFILE\x00\x01\x01 the colours")
	taken := slices.Concat(jpegs[:2], segment(0xe1, fromAPhone), segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00 GPS"), profile, segment(0xe2, "MPF\x00 GPS"),
		segment(0xed, "Photoshop 3.0\x00 GPS"), segment(0xfe, "GPS"), jpegs[2:], []byte("a film with GPS"))
	out, turn, ok := stripJPEG(taken)
	require.True(t, ok)
	assert.NotContains(t, string(out), "GPS")
	assert.Contains(t, string(out), string(profile), "its colours stay")
	assert.Equal(t, 6, turn)
	assert.Equal(t, slices.Concat(jpegs[:2], turned(6), profile, jpegs[2:]), out, "not a pixel is touched")
	_, again, ok := stripJPEG(out)
	assert.True(t, ok)
	assert.Equal(t, 6, again, "and it is turned as it was")
	i, kept, err := readImage(taken)
	require.NoError(t, err)
	assert.Equal(t, []int{20, 30}, []int{i.Width, i.Height}, "as it is seen")
	assert.Equal(t, out, kept)

	out, _, ok = stripPNG(slices.Concat(pngs[:33], chunk("tEXt", "Comment\x00GPS"), chunk("eXIf", "GPS"), chunk("iCCP", "p\x00\x00"), pngs[33:], []byte("GPS")))
	require.True(t, ok)
	assert.Equal(t, slices.Concat(pngs[:33], chunk("iCCP", "p\x00\x00"), pngs[33:]), out)

	out, _, ok = stripGIF(slices.Concat(gifs[:len(gifs)-1], []byte("\x21\xfe\x03GPS\x00"), []byte("\x21\xff\x0bXMP DataXMP\x03GPS\x00"), gifs[len(gifs)-1:], []byte("GPS")))
	require.True(t, ok)
	assert.Equal(t, gifs, out, "frames, and that they come again")

	plain := lossless(t)
	large := slices.Concat([]byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x0c\x00\x00\x00\x00\x00\x00\x00\x00\x00"), plain[12:], []byte("EXIF\x03\x00\x00\x00GPS\x00"))
	binary.LittleEndian.PutUint32(large[4:], uint32(len(large)-8))
	out, _, ok = stripWebP(append(large, "GPS"...))
	require.True(t, ok)
	assert.NotContains(t, string(out), "GPS")
	_, err = webp.Decode(bytes.NewReader(out))
	require.NoError(t, err)
	assert.Zero(t, out[20], "it says no longer that there is more")
	i, _, err = readImage(plain)
	require.NoError(t, err)
	assert.Equal(t, "image/webp", i.Kind)
}

// moving is a WebP of three by one pixels with two frames of one pixel, and something beside the pixels of the second.
func moving(t testing.TB, beside string) []byte {
	t.Helper()
	riff := func(name, data string) string {
		return name + string(binary.LittleEndian.AppendUint32(nil, uint32(len(data)))) + data + strings.Repeat("\x00", len(data)&1)
	}
	picture := string(lossless(t)[12:])
	frame := func(x, inside string) string {
		return riff("ANMF", x+"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"+"\x64\x00\x00"+"\x00"+picture+inside)
	}
	return []byte(riff("RIFF", "WEBP"+riff("VP8X", "\x1e\x00\x00\x00\x02\x00\x00\x00\x00\x00")+riff("ANIM", "\xff\xff\xff\xff\x00\x00")+
		frame("\x00", "")+frame("\x01", beside)+riff("EXIF", "GPS")+riff("XMP ", "GPS")))
}

func TestFramesOfAWebP(t *testing.T) {
	t.Parallel()
	raw := moving(t, "GPS \x03\x00\x00\x00GPS\x00")
	i, kept, err := readImage(raw)
	require.NoError(t, err)
	assert.Equal(t, []int{3, 1}, []int{i.Width, i.Height})
	assert.NotContains(t, string(kept), "GPS", "not beside the frames, not inside of one")
	assert.Equal(t, 2, strings.Count(string(kept), "ANMF"))
	assert.Contains(t, string(kept), "ANIM", "how often they come again")
	assert.Equal(t, byte(0x12), kept[20], "it says no longer that there is more")
	_, again, err := readImage(kept)
	require.NoError(t, err)
	assert.Equal(t, kept, again)

	outside := bytes.Replace(raw, []byte("\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x64"), []byte("\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x64"), 1)
	require.NotEqual(t, raw, outside)
	huge := bytes.Replace(raw, []byte("\x02\x00\x00\x00\x00\x00ANIM"), []byte("\xff\xff\x00\xff\xff\x00ANIM"), 1)
	require.NotEqual(t, raw, huge)
	for _, bad := range [][]byte{outside, huge, raw[:len(raw)-30], bytes.Replace(raw, []byte("VP8L"), []byte("VP8?"), 2), bytes.ReplaceAll(raw, []byte("ANMF"), []byte("JUNK"))} {
		_, _, err := readImage(bad)
		assert.Error(t, err)
	}
}

// Whatever comes: nothing breaks, nothing grows but by the orientation, and what was left is left as it is the second time.
func FuzzStrip(f *testing.F) {
	jpegs, pngs, gifs := photo(f)
	for _, seed := range [][]byte{jpegs, pngs, gifs, lossless(f), moving(f, ""), slices.Concat(jpegs[:2], segment(0xe1, fromAPhone), jpegs[2:])} {
		f.Add(seed)
		f.Add(seed[:len(seed)/2])
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, k := range codecs() {
			out, turn, ok := k.strip(raw)
			if !ok {
				continue
			}
			assert.LessOrEqual(t, len(out), len(raw)+len(turned(1)))
			twice, again, ok := k.strip(out)
			require.True(t, ok, k.kind)
			assert.Equal(t, turn, again)
			assert.Equal(t, out, twice)
		}
	})
}
