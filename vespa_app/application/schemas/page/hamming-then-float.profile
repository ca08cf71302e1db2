rank-profile hamming-then-float inherits base {
    # Sign bits for every page, then the query's floats against their vectors for the best.
    first-phase {
        expression: hamming_maxsim
    }
    # Pages over all nodes, however many those are. A search sets another number with
    # ranking.secondPhase.totalRerankCount; this one is VESPA_RERANK_COUNT of Pagelens' index/interface.py.
    second-phase {
        expression: float_maxsim
        total-rerank-count: 200
    }
}
