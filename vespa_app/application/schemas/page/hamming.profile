rank-profile hamming inherits base {
    # Sign bits against sign bits, every page.
    first-phase {
        expression: hamming_maxsim
    }
}
