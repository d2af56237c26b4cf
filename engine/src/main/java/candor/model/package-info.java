/**
 * Checkpoints and what they hold: {@link candor.model.ModelFolder} finds the files, {@link candor.model.Safetensors}
 * maps them, {@link candor.model.ModelConfig} holds the numbers of a model, {@link candor.model.Architecture} the names
 * of its tensors and its quirks, {@link candor.model.Weights} the frozen weights themselves. {@link candor.model.CausalLm}
 * computes with them, forward and backward, and asks {@link candor.model.Adapters} what is added to each {@link
 * candor.model.Projection}.
 *
 * <p>Files come from strangers. Every size is bounded before it is believed, no path leaves the folder that was given,
 * and whatever does not fit is a {@link candor.BadInput} that names file, tensor or key. Builders hold numbers,
 * components hold code: a new model of a known topology is one constant in {@link candor.model.Architecture}.
 */
package candor.model;
