/**
 * GGUF files, version 3: metadata and tensors of ggml's types, as the format's published specification has them. Written as a
 * stream, read with bounds; nothing here knows what a model is.
 */
package candor.export.gguf;
