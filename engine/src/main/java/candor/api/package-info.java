/**
 * The engine as a library: what most programs want, in few lines. {@link candor.api.Tuning} trains an adapter as {@code candor
 * train} does; {@link candor.api.ChatModel} is a model with any number of adapters, which replies to conversations and scores
 * rows of data, all of them together.
 *
 * <p>What is wrong with a file, a name or a number is a {@link candor.BadInput}, whose message says what it is, where, and what
 * to do. A program needs the JVM's flags {@code --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED
 * -DRUST_FLAVOR=cpu}, the last of which keeps the tokenizer library from asking the network for CUDA. The folder {@code examples} has
 * programs to begin with. Whoever needs more finds it beneath: {@link candor.train.Session}, {@link candor.generate.Generator}, {@link
 * candor.model.CausalLm}.
 */
package candor.api;
