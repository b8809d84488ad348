package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"perennial/journey"
)

// postImage takes the bytes of a picture as they are.
func postImage(ctx context.Context, s *server, r *request) (any, error) {
	i, created, err := s.Control.SaveImage(ctx, r.By, r.query("title"), r.Body)
	if err != nil || !created {
		return i, err
	}
	return answer{status: http.StatusCreated, body: i}, nil
}

func listImages(ctx context.Context, s *server, r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	return s.Control.Images(ctx, p)
}

func deleteImage(ctx context.Context, s *server, r *request) (any, error) {
	return answer{status: http.StatusNoContent}, s.Control.RemoveImage(ctx, r.By, r.param("name"))
}

// showImage serves a picture to whoever has its name, as mail programs do. It never changes: one that a cache has is right.
func (s *server) showImage(c *gin.Context) {
	name := c.Param("name")
	tag := `"` + name + `"`
	c.Header("Etag", tag)
	if c.GetHeader("If-None-Match") == tag {
		c.Status(http.StatusNotModified)
		return
	}
	i, raw, err := s.Control.Image(c.Request.Context(), name)
	if err != nil {
		c.Writer.Header().Del("Etag")
		s.refuse(c, err)
		return
	}
	c.Header("Cache-Control", "public, max-age=31536000, immutable")
	c.Header("Content-Security-Policy", "default-src 'none'; sandbox")
	c.Header("Cross-Origin-Resource-Policy", "cross-origin") // mail programs in browsers are other sites
	c.Data(http.StatusOK, i.Kind, raw)
}

// imageAddress is the path of the public pictures.
const imageAddress = journey.ImagePath + ":name"
