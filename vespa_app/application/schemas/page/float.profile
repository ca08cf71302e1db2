rank-profile float inherits base {
    # The exact ranking: floats for every page, read from disk. Slow; the ground truth for the others.
    first-phase {
        expression: float_maxsim
    }
}
