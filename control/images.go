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
	"strings"
	"unicode/utf8"

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

// codec is one kind of image that every mail program shows.
type codec struct {
	kind, begins, ending string
	measure              func(io.Reader) (image.Config, error)
	decode               func(io.Reader) (image.Image, error)
}

func codecs() []codec {
	return []codec{
		{"image/png", "\x89PNG\r\n\x1a\n", "png", png.DecodeConfig, png.Decode},
		{"image/jpeg", "\xff\xd8\xff", "jpg", jpeg.DecodeConfig, jpeg.Decode},
		{"image/gif", "GIF8", "gif", gif.DecodeConfig, gif.Decode},
	}
}

// SaveImage keeps a picture for mails. What it is, its bytes say, whatever it is called. The same picture again is the one that is there.
func (c *Control) SaveImage(ctx context.Context, by journey.Actor, title string, raw []byte) (saved journey.Image, created bool, err error) {
	i, err := readImage(raw)
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

var imageName = regexp.MustCompile(`^[0-9a-f]{64}\.(png|jpg|gif)$`)

// placed says where mail programs find the picture.
func (c *Control) placed(i journey.Image) journey.Image {
	i.URL = c.Brand.PublicURL + journey.ImagePath + i.Name
	return i
}

// readImage finds out what an image is and reads it to its end: a half one would be half in every mail.
func readImage(raw []byte) (journey.Image, error) {
	if len(raw) > MaxImage {
		return journey.Image{}, journey.Faultf(journey.CodeTooLarge, "an image has at most %d KiB; this one has %d", MaxImage>>10, len(raw)>>10)
	}
	for _, k := range codecs() {
		if !bytes.HasPrefix(raw, []byte(k.begins)) {
			continue
		}
		size, err := k.measure(bytes.NewReader(raw))
		if err != nil {
			return journey.Image{}, invalid("image", "begins as "+k.kind+" and is none", "save it again and send that")
		}
		if size.Width < 1 || size.Height < 1 || size.Width > maxSide || size.Height > maxSide || size.Width*size.Height > maxPixels {
			return journey.Image{}, invalid("image", fmt.Sprintf("is %d × %d pixels", size.Width, size.Height),
				"make it smaller: a mail is about 600 pixels wide, twice that is plenty")
		}
		if _, err := k.decode(bytes.NewReader(raw)); err != nil {
			return journey.Image{}, invalid("image", "cannot be read to its end", "save it again and send that")
		}
		sum := sha256.Sum256(raw)
		return journey.Image{Name: hex.EncodeToString(sum[:]) + "." + k.ending, Kind: k.kind, Width: size.Width, Height: size.Height, Size: len(raw)}, nil
	}
	return journey.Image{}, &journey.Fault{Code: journey.CodeUnsupported, Message: "this is no image that every mail program shows; take PNG, JPEG or GIF"}
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
