rank-profile bm25 inherits base {
    # Words alone.
    # A title or file name is the same for all pages of a document. Half weight lifts them together
    # without burying the page that says the word itself. A code counts ten times what its parts do.
    first-phase {
        expression: bm25(text_forms) + 10 * bm25(text_codes) + 0.5 * bm25(place_forms)
    }
}
