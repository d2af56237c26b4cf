/** Benchmark files as rows of named columns, checked while they are read: what is missing or unknown is named. */
package candor.evaluate.data;
