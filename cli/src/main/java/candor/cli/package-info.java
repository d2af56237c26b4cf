/** The command line: one picocli command per file, thin; what a command does lives in the engine. */
package candor.cli;
