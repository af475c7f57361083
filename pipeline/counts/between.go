package counts

// Between yields the tiles of r whose account lies in [from, to), as strings; "" is no bound. r is in an order that begins with the account.
func Between(r Reader, from, to string) Reader {
	if from == "" && to == "" {
		return r
	}
	return &between{r, from, to}
}

type between struct {
	Reader
	from, to string
}

func (b *between) Next() (*Tile, error) {
	for {
		t, err := b.Reader.Next()
		if t == nil || err != nil || b.to != "" && t.Account >= b.to {
			return nil, err
		}
		if t.Account >= b.from {
			return t, nil
		}
	}
}
