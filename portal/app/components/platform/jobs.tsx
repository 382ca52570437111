import type { ReactNode } from "react";
import { Button } from "~/components/button";
import { Badge, Panel } from "~/components/page";
import { Ago } from "~/components/time";
import { useFormats, useText } from "~/i18n/text";
import type { QueueJob, QueueOverview } from "~/models/queue.server";

type Toggle = (name: string, paused: boolean) => void;

/** The kinds of jobs: how many of each are where, how it went in the last hour, and a way to pause each. */
export function Jobs({ queue, onToggle }: { queue: QueueOverview; onToggle: Toggle }) {
  const words = useText().platform;
  return (
    <Panel title={words.jobs} hint={`${words.done}, ${words.failed}: ${words.lastHour.toLowerCase()}`}>
      <JobTable queue={queue} onToggle={onToggle} />
      <JobList queue={queue} onToggle={onToggle} />
    </Panel>
  );
}

type Fact = { head: string; of: (job: QueueJob) => ReactNode; isTime?: boolean };

/** What there is to tell of a job beside its name and when it is due next, in order. */
function useJobFacts(): Fact[] {
  const words = useText().platform;
  const { number } = useFormats();
  const ms = (value: number | null) => (value === null ? "–" : words.milliseconds(number(Math.round(value))));
  return [
    { head: words.waiting, of: ({ waiting }) => number(waiting) },
    { head: words.inFlight, of: ({ inFlight }) => number(inFlight) },
    { head: words.later, of: ({ later }) => number(later) },
    { head: words.done, of: ({ done }) => number(done) },
    { head: words.failed, of: ({ failed, dead }) => number(failed + dead) },
    { head: words.meanWait, of: ({ waitMs }) => ms(waitMs), isTime: true },
    { head: words.meanRun, of: ({ runMs }) => ms(runMs), isTime: true },
    { head: words.lastDue, of: ({ lastTick }) => (lastTick ? <Ago at={lastTick} /> : "–"), isTime: true },
  ];
}

function JobTable({ queue, onToggle }: { queue: QueueOverview; onToggle: Toggle }) {
  const words = useText().platform;
  const facts = useJobFacts();
  return (
    <div className="-mx-5 hidden overflow-x-auto px-5 md:block">
      <table className="w-full text-sm">
        <thead>
          <tr className="text-left text-muted">
            {[words.job, ...facts.map(({ head }) => head), words.nextDue].map((head) => (
              <th key={head} scope="col" className="py-2 pr-4 font-medium whitespace-nowrap">
                {head}
              </th>
            ))}
            <td />
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {queue.jobs.map((job) => (
            <tr key={job.name}>
              <th scope="row" className="py-2 pr-4 text-left font-medium whitespace-nowrap">
                {job.name} {job.paused && <Badge tone="warning">{words.paused}</Badge>}
              </th>
              {facts.map(({ head, of }) => (
                <td key={head} className="tabular py-2 pr-4 whitespace-nowrap">
                  {of(job)}
                </td>
              ))}
              <td className="py-2 pr-4 whitespace-nowrap">
                <NextDue job={job} pausedAll={queue.pausedAll} />
              </td>
              <td className="py-2 text-right">
                <PauseButton job={job} onToggle={onToggle} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The same for a phone, where a table of eleven columns is a keyhole. */
function JobList({ queue, onToggle }: { queue: QueueOverview; onToggle: Toggle }) {
  const words = useText().platform;
  const facts = useJobFacts();
  return (
    <ul className="divide-y divide-line text-sm md:hidden">
      {queue.jobs.map((job) => (
        <li key={job.name} className="py-3">
          <div className="flex items-center justify-between gap-3">
            <p className="font-medium">
              {job.name} {job.paused && <Badge tone="warning">{words.paused}</Badge>}
            </p>
            <PauseButton job={job} onToggle={onToggle} />
          </div>
          <dl className="mt-2 grid grid-cols-2 gap-x-4 gap-y-1">
            {facts.map(({ head, of, isTime }) => (
              <JobFact key={head} head={head} isTime={isTime}>
                {of(job)}
              </JobFact>
            ))}
            <JobFact head={words.nextDue} isTime>
              <NextDue job={job} pausedAll={queue.pausedAll} />
            </JobFact>
          </dl>
        </li>
      ))}
    </ul>
  );
}

/** A number stands beside another one; a time needs the width. */
function JobFact({ head, isTime = false, children }: Pick<Fact, "head" | "isTime"> & { children: ReactNode }) {
  return (
    <div className={`flex justify-between gap-2 ${isTime ? "col-span-2" : ""}`}>
      <dt className="text-muted">{head}</dt>
      <dd className="tabular text-right">{children}</dd>
    </div>
  );
}

function PauseButton({ job, onToggle }: { job: QueueJob; onToggle: Toggle }) {
  const words = useText().platform;
  const label = job.paused ? words.resume : words.pause;
  return (
    <Button size="sm" onClick={() => onToggle(job.name, job.paused)} aria-label={`${label}: ${job.name}`}>
      {label}
    </Button>
  );
}

function NextDue({ job, pausedAll }: { job: QueueJob; pausedAll: boolean }) {
  const words = useText().platform;
  if (!job.next) return "–";
  return job.paused || pausedAll ? words.afterPause : <Ago at={job.next} />;
}
