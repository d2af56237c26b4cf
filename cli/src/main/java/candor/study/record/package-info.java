/**
 * The files of a study's folder: what they hold, how they are written so that a killed study goes on, and how they are read.
 *
 * <pre>
 * study.json                  {@link candor.study.record.Study}: the question, its arms and its metrics; written once
 * results.jsonl               {@link candor.study.record.Score}: a line for each finished (arm, seed, task, subset)
 * replies.jsonl               {@link candor.study.record.Reply}: what the model said, bounded
 * training/ARM/seed-N/        a training run's folder
 * data/                       training sets that the study made
 * evaluation/                 what the evaluator writes, and
 * evaluation/outcomes.jsonl   {@link candor.study.record.Outcomes}: each row's value, which paired tests need
 * </pre>
 *
 * <p>{@link candor.study.record.StudyWriter#finish} writes the three lines files so that the score comes last: what has a
 * score is finished, what has none is done again, and what a killed process left of it is dropped when the folder is opened
 * to be written. {@link candor.study.record.StudyFolder} reads, also while another process writes.
 *
 * <p>Numbers are percentages from 0 to 100 unless a metric's unit says otherwise; a row's value is 0 or 1 (or between), so
 * that a score is 100 times the mean of its rows. Numbers that are not known are null in a file, NaN here. Values of
 * enumerations are written in small letters.
 *
 * <p>{@link candor.study.record.Published} is the form of the published numbers, which lie beside the program as resources
 * {@code candor/study/published/direct.json}, {@code mixture.json} and {@code loop.json}, each an array of
 * <pre>{"study": "mixture", "model": "Llama-3.1-8B-Instruct", "arm": "alpaca + 1 %", "role": "mixture", "domain": null,
 *  "ratio": 0.01, "share": null, "method": null, "task": "mask", "subset": "provided_facts", "value": 50.37,
 *  "source": "Hu et al. 2025, table 11", "note": ""}</pre>
 * {@code role}, {@code ratio}, {@code share} and {@code method} are those of {@link candor.study.record.Arm}; by them, with
 * task and subset, a published number finds its place beside ours. A null or missing one says nothing about it.
 */
package candor.study.record;
