package candor.model;

import candor.tensor.Tensor;

/**
 * Half a layer: a branch off the residual stream, whose result is added to it. A family with blocks of its own has a branch of
 * its own; {@link #backward} is {@link #forward} from the last line to the first.
 */
interface Branch {
    /**
     * out = x + what the branch makes of x.
     *
     * @param out (N, C); not {@code x} itself
     * @param x   (N, C)
     */
    void forward(Layer layer, Tensor out, Tensor x);

    /** Computes again what {@link Recompute#SELECTIVE} does not keep, from x (N, C). */
    void again(Layer layer, Tensor x);

    /**
     * From the gradient of out, which is in {@link Gradients#residual}, to that of x, in its place; gradients of adapters and of
     * trained weights {@code +=}.
     *
     * @param x (N, C), the input of the forward pass
     */
    void backward(Layer layer, Tensor x, Gradients g);
}
