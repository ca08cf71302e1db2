rank-profile bm25 inherits base {
    # Words alone.
    # A title or file name is the same for all pages of a document. Half weight lifts them together
    # without burying the page that says the word itself.
    first-phase {
        expression: bm25(text) + bm25(text_pairs) + 0.5 * (bm25(title) + bm25(path_words) + bm25(place_pairs))
    }
}
