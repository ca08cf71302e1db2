rank-profile base {
    # What the rankings of schema page share: the inputs, and each score once. (This stands inside the
    # braces because Vespa's parser takes nothing before them.)
    #
    # The scores are those of Pagelens' index/maxsim.py, to the last bits of a float. They are written for
    # speed: Vespa runs exactly these shapes as one compiled loop, and any other as general tensor algebra,
    # 12 to 24 times slower. A shape is broken by a reduce that names no dimension or two, by a factor
    # inside the reduces, and by a part moved into another function.

    inputs {

        # The query's vectors and their signs, one per query token.
        query(qt) tensor<float>(querytoken{}, v[128])
        query(qtb) tensor<int8>(querytoken{}, v[16])

        # The signs again, one input for each token: nearestNeighbor takes one dense vector, and a
        # search for candidates has one nearestNeighbor per token. ColSmol makes 20 to 30 vectors of a
        # question (its words, some around them and ten that expand it); of a query with more than 64,
        # the first 64 nominate pages, and all of them rank.
        query(rq0) tensor<int8>(v[16])
        query(rq1) tensor<int8>(v[16])
        query(rq2) tensor<int8>(v[16])
        query(rq3) tensor<int8>(v[16])
        query(rq4) tensor<int8>(v[16])
        query(rq5) tensor<int8>(v[16])
        query(rq6) tensor<int8>(v[16])
        query(rq7) tensor<int8>(v[16])
        query(rq8) tensor<int8>(v[16])
        query(rq9) tensor<int8>(v[16])
        query(rq10) tensor<int8>(v[16])
        query(rq11) tensor<int8>(v[16])
        query(rq12) tensor<int8>(v[16])
        query(rq13) tensor<int8>(v[16])
        query(rq14) tensor<int8>(v[16])
        query(rq15) tensor<int8>(v[16])
        query(rq16) tensor<int8>(v[16])
        query(rq17) tensor<int8>(v[16])
        query(rq18) tensor<int8>(v[16])
        query(rq19) tensor<int8>(v[16])
        query(rq20) tensor<int8>(v[16])
        query(rq21) tensor<int8>(v[16])
        query(rq22) tensor<int8>(v[16])
        query(rq23) tensor<int8>(v[16])
        query(rq24) tensor<int8>(v[16])
        query(rq25) tensor<int8>(v[16])
        query(rq26) tensor<int8>(v[16])
        query(rq27) tensor<int8>(v[16])
        query(rq28) tensor<int8>(v[16])
        query(rq29) tensor<int8>(v[16])
        query(rq30) tensor<int8>(v[16])
        query(rq31) tensor<int8>(v[16])
        query(rq32) tensor<int8>(v[16])
        query(rq33) tensor<int8>(v[16])
        query(rq34) tensor<int8>(v[16])
        query(rq35) tensor<int8>(v[16])
        query(rq36) tensor<int8>(v[16])
        query(rq37) tensor<int8>(v[16])
        query(rq38) tensor<int8>(v[16])
        query(rq39) tensor<int8>(v[16])
        query(rq40) tensor<int8>(v[16])
        query(rq41) tensor<int8>(v[16])
        query(rq42) tensor<int8>(v[16])
        query(rq43) tensor<int8>(v[16])
        query(rq44) tensor<int8>(v[16])
        query(rq45) tensor<int8>(v[16])
        query(rq46) tensor<int8>(v[16])
        query(rq47) tensor<int8>(v[16])
        query(rq48) tensor<int8>(v[16])
        query(rq49) tensor<int8>(v[16])
        query(rq50) tensor<int8>(v[16])
        query(rq51) tensor<int8>(v[16])
        query(rq52) tensor<int8>(v[16])
        query(rq53) tensor<int8>(v[16])
        query(rq54) tensor<int8>(v[16])
        query(rq55) tensor<int8>(v[16])
        query(rq56) tensor<int8>(v[16])
        query(rq57) tensor<int8>(v[16])
        query(rq58) tensor<int8>(v[16])
        query(rq59) tensor<int8>(v[16])
        query(rq60) tensor<int8>(v[16])
        query(rq61) tensor<int8>(v[16])
        query(rq62) tensor<int8>(v[16])
        query(rq63) tensor<int8>(v[16])
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
