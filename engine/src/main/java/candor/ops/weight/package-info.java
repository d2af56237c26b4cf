/**
 * The matrices (O, I) of a model that products, embeddings and heads read. A {@link candor.ops.weight.Weight} is frozen or
 * trained. A frozen one is a {@link candor.ops.weight.StoredWeight}, in host memory and in the form of its file, or what a
 * backend made of that ({@link candor.ops.Backend#freeze}). Nobody else asks in which form values are stored.
 *
 * <p><b>To add a form</b>, write one class: a {@code StoredWeight} that widens its rows to float32, and says how many bytes it
 * takes ({@link candor.ops.weight.WeightForm}). Every backend and every judge can read it then; a backend that has a
 * quicker way adds a class of its own for it.
 *
 * <p>{@link candor.ops.weight.PackedForm} names the forms of four and eight bits, and makes them of other weights; what is in
 * their bytes stands at the classes of {@link candor.ops.weight.PackedWeight}.
 */
package candor.ops.weight;
