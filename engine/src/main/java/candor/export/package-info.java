/**
 * Models and adapters in other programs' formats: GGUF, which llama.cpp and what is built on it (Ollama, LM Studio) load. Names and
 * meanings of metadata and tensors are llama.cpp's; what it cannot compute as Candor does is refused, or said, in one line.
 */
package candor.export;
