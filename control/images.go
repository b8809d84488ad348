package control

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/image/webp"

	"perennial/journey"
)

// Images is where the pictures of mails are kept.
type Images interface {
	SaveImage(ctx context.Context, i journey.Image, raw []byte, by journey.Actor) (saved journey.Image, created bool, err error)
	Images(ctx context.Context, r journey.PageRequest) (journey.Page[journey.Image], error)
	Image(ctx context.Context, name string) (journey.Image, []byte, error)
	RemoveImage(ctx context.Context, name string, by journey.Actor) error
}

// Largest images: a mail with more takes too long on a phone, and mail programs cut it off.
const (
	MaxImage  = 1 << 20  // bytes
	maxSide   = 6000     // pixels
	maxPixels = 16 << 20 // width × height
)

// codec is one kind of image that mail programs show. What begins it may be any byte at a question mark.
type codec struct {
	kind, begins, ending string
	measure              func(io.Reader) (image.Config, error)
	decode               func(io.Reader) (image.Image, error)
	strip                func(raw []byte) (kept []byte, turn int, ok bool)
}

func codecs() []codec {
	return []codec{
		{"image/png", "\x89PNG\r\n\x1a\n", "png", png.DecodeConfig, png.Decode, stripPNG},
		{"image/jpeg", "\xff\xd8\xff", "jpg", jpeg.DecodeConfig, jpeg.Decode, stripJPEG},
		{"image/gif", "GIF8", "gif", gif.DecodeConfig, gif.Decode, stripGIF},
		{"image/webp", "RIFF????WEBPVP8", "webp", webp.DecodeConfig, decodeWebP, stripWebP},
	}
}

// isA says whether bytes begin as that kind does.
func (k codec) isA(raw []byte) bool {
	for i := range len(k.begins) {
		if i >= len(raw) || k.begins[i] != '?' && k.begins[i] != raw[i] {
			return false
		}
	}
	return true
}

// SaveImage keeps a picture for mails, without what is written beside its pixels: where and when it was taken, by whom. What it is, its bytes
// say, whatever it is called. The same picture again is the one that is there.
func (c *Control) SaveImage(ctx context.Context, by journey.Actor, title string, raw []byte) (saved journey.Image, created bool, err error) {
	i, raw, err := readImage(raw)
	if err != nil {
		return i, false, err
	}
	i.Title = imageTitle(title)
	saved, created, err = c.Store.SaveImage(ctx, i, raw, by)
	return c.placed(saved), created, err
}

// Images lists the pictures, the newest first.
func (c *Control) Images(ctx context.Context, r journey.PageRequest) (journey.Page[journey.Image], error) {
	list, err := c.Store.Images(ctx, r)
	for n := range list.Data {
		list.Data[n] = c.placed(list.Data[n])
	}
	return list, err
}

// Image returns a picture and its bytes. The fault is not_found.
func (c *Control) Image(ctx context.Context, name string) (journey.Image, []byte, error) {
	if !imageName.MatchString(name) {
		return journey.Image{}, nil, journey.Faultf(journey.CodeNotFound, "there is no image of that name")
	}
	i, raw, err := c.Store.Image(ctx, name)
	return c.placed(i), raw, err
}

// RemoveImage takes a picture away, unless a draft or a live version shows it. Mails that have gone out then show a gap.
func (c *Control) RemoveImage(ctx context.Context, by journey.Actor, name string) error {
	if !imageName.MatchString(name) {
		return journey.Faultf(journey.CodeNotFound, "there is no image of that name")
	}
	return c.Store.RemoveImage(ctx, name, by)
}

var imageName = regexp.MustCompile(`^[0-9a-f]{64}\.(png|jpg|gif|webp)$`)

// placed says where mail programs find the picture.
func (c *Control) placed(i journey.Image) journey.Image {
	i.URL = c.Brand.PublicURL + journey.ImagePath + i.Name
	return i
}

// readImage finds out what an image is, takes out what is not seen, and reads the rest to its end: a half one would be half in every mail.
func readImage(raw []byte) (i journey.Image, kept []byte, err error) {
	if len(raw) > MaxImage {
		return i, nil, journey.Faultf(journey.CodeTooLarge, "an image has at most %d KiB; this one has %d", MaxImage>>10, len(raw)>>10)
	}
	at := slices.IndexFunc(codecs(), func(k codec) bool { return k.isA(raw) })
	if at < 0 {
		return i, nil, &journey.Fault{Code: journey.CodeUnsupported, Message: "this is no image that mail programs show; take PNG, JPEG, GIF or WebP"}
	}
	k := codecs()[at]
	size, err := k.measure(bytes.NewReader(raw))
	if err != nil {
		return i, nil, invalid("image", "begins as "+k.kind+" and is none", "save it again and send that")
	}
	if size.Width < 1 || size.Height < 1 || size.Width > maxSide || size.Height > maxSide || size.Width*size.Height > maxPixels {
		return i, nil, invalid("image", fmt.Sprintf("is %d × %d pixels", size.Width, size.Height),
			"make it smaller: a mail is about 600 pixels wide, twice that is plenty")
	}
	kept, turn, ok := k.strip(raw)
	if ok {
		_, err = k.decode(bytes.NewReader(kept))
	}
	if !ok || err != nil {
		return i, nil, invalid("image", "cannot be read to its end", "save it again and send that")
	}
	if turn >= 5 { // it lies on its side
		size.Width, size.Height = size.Height, size.Width
	}
	sum := sha256.Sum256(kept)
	return journey.Image{Name: hex.EncodeToString(sum[:]) + "." + k.ending, Kind: k.kind, Width: size.Width, Height: size.Height, Size: len(kept)}, kept, nil
}

// imageTitle is the last part of a file's name, as far as it is text.
func imageTitle(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == utf8.RuneError {
			return -1
		}
		return r
	}, path.Base(strings.ReplaceAll(name, `\`, "/")))
	if name == "." || name == "/" {
		return ""
	}
	for len(name) > 200 {
		_, last := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-last]
	}
	return name
}
