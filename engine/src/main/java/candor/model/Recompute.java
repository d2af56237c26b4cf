package candor.model;

/** What a layer keeps of its forward pass for the backward pass, and what is computed again: memory against time. */
public enum Recompute {
    /** Keeps everything: the least work. */
    NONE,
    /** Computes the norms' outputs and the gated activation again: a few passes over memory, no matrix product. */
    SELECTIVE,
    /** Keeps each layer's input alone and runs the layer again: the least memory, one more forward pass of work. */
    FULL
}
