package console

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"strconv"
	"unicode/utf16"

	"perennial/control"
	"perennial/journey"
)

// imagesData is the pictures that mails can show.
type imagesData struct {
	List []journey.Image
	More string
}

func (imagesData) place() string { return "messages" }

// Tag is what stands in a message for a picture: as wide as a letter at most, smaller on a phone.
func Tag(i journey.Image) string {
	return fmt.Sprintf(`<img src="%s" width="%d" alt="" style="display:block;max-width:100%%;height:auto;border:0">`, html.EscapeString(i.URL), min(i.Width, letterWidth))
}

// letterWidth is how wide the text of a mail is in our layout, in pixels.
const letterWidth = 492

// Thumb is the path of a picture in the console, which may have another name than the one that mail programs call it by.
func (imagesData) Thumb(i journey.Image) string { return journey.ImagePath + i.Name }

// Tag is that of a picture of the list.
func (imagesData) Tag(i journey.Image) string { return Tag(i) }

func imagesPage(ctx context.Context, r *request) (reply, error) {
	list, err := r.Control.Images(ctx, r.page(24))
	if err != nil {
		return reply{}, err
	}
	return show("images", imagesData{List: list.Data, More: more(list)})
}

func saveImage(ctx context.Context, r *request) (reply, error) {
	i, err := r.takeImage(ctx)
	if err != nil {
		return reply{}, err
	}
	return r.seeOther("/images", "images.saved", "image", i.Title)
}

func removeImage(ctx context.Context, r *request) (reply, error) {
	if err := r.Control.RemoveImage(ctx, r.by(), r.path("name")); err != nil {
		return reply{}, err
	}
	return r.seeOther("/images", "images.removed")
}

// placeImage keeps a picture and puts it into the text that is being written, where the cursor was.
func placeImage(ctx context.Context, r *request) (reply, error) {
	if err := r.keep(ctx); err != nil { // whatever the picture is
		return reply{}, err
	}
	i, err := r.takeImage(ctx)
	if err != nil {
		return reply{}, err
	}
	text := utf16.Encode([]rune(fromForm(r.form.Get("text")))) // browsers count so
	at, err := strconv.Atoi(r.form.Get("at"))
	if err != nil || at < 0 || at > len(text) {
		at = len(text)
	}
	r.form.Set("text", string(utf16.Decode(text[:at]))+"\n"+Tag(i)+"\n"+string(utf16.Decode(text[at:])))
	return lookAtMessage(ctx, r)
}

// takeImage keeps the picture that came with a form.
func (r *request) takeImage(ctx context.Context) (journey.Image, error) {
	file, head, err := r.http.FormFile("image")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return journey.Image{}, journey.Faultf(journey.CodeInvalid, "%s", r.text("images.none_chosen"))
	}
	if err != nil {
		return journey.Image{}, err
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, control.MaxImage+1))
	if err != nil {
		return journey.Image{}, err
	}
	i, _, err := r.Control.SaveImage(ctx, r.by(), head.Filename, raw)
	return i, err
}
