rank-profile default inherits bm25 {
    # What a search has that names no ranking: that of another program. Pagelens names one each time.
}
