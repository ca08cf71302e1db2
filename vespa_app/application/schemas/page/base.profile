rank-profile base inherits candidates {
    # What the rankings of schema page share: the inputs (those of a search for candidates stand in
    # candidates.profile), and each score once. (This stands inside the braces because Vespa's parser
    # takes nothing before them.)
    #
    # The scores are those of Pagelens' index/maxsim.py, to the last bits of a float. They are written for
    # speed: Vespa runs exactly these shapes as one compiled loop, and any other as general tensor algebra,
    # 12 to 24 times slower. A shape is broken by a reduce that names no dimension or two, by a factor
    # inside the reduces, and by a part moved into another function.

    inputs {
        # The query's vectors and their signs, one per query token.
        query(qt) tensor<float>(querytoken{}, v[128])
        query(qtb) tensor<int8>(querytoken{}, v[16])
    }

    # tensor(), one double: sum over query tokens of the best 1 / (1 + differing bits) of any patch.
    function hamming_maxsim() {
        expression: sum(reduce(1/(1+sum(hamming(query(qtb),attribute(embedding_bits)),v)),max,patch),querytoken)
    }

    # tensor(), one double: sum over query tokens of the best dot product, float query x bits as 0 and
    # 1. Not -1 and 1: that is twice this less a constant of the query, so it orders pages alike and
    # reads each page two more times.
    function bits_maxsim() {
        expression: sum(reduce(sum(query(qt)*unpack_bits(attribute(embedding_bits)),v),max,patch),querytoken)
    }

    # tensor(), one double: sum over query tokens of the best dot product, float query x bfloat16 page.
    # Both sides must have float cells for the compiled loop, hence the cast.
    function float_maxsim() {
        expression: sum(reduce(sum(query(qt)*cell_cast(attribute(embedding),float),v),max,patch),querytoken)
    }
}
