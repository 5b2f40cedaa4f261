import type { FileProblem, FileView } from '../../../../shared/api.ts';
import { addressOf, type MachineId } from '../../../../shared/ids.ts';
import { useNetwork } from '../../network.tsx';
import { FileBadge } from '../../parts/badges.tsx';
import { plural } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { Notice, Skeleton } from '../../parts/notice.tsx';
import { Text } from '../../parts/text.tsx';
import { typeColour } from '../../parts/type-colour.ts';
import { machineHref } from '../../router.ts';
import { errorsOf, fileState } from './file-state.ts';
import './files-page.css';

/** What is in the folder of machine files of this node: what runs of it, and what is wrong. */
export function FilesPage() {
  const { files } = useNetwork();
  const wrong = files?.files.filter((file) => errorsOf(file).length > 0).length ?? 0;
  return (
    <div className="page">
      <div className="page-head">
        <h1>Machine files</h1>
        {files && files.files.length > 0 && (
          <span className="muted" role="status">
            {plural(files.files.length, 'file')}
            {wrong > 0 && `, ${wrong} with errors`}
          </span>
        )}
      </div>
      {files?.folder !== undefined && (
        <p className="files-folder muted">
          Files in <code>{files.folder}</code> become machines of this node as soon as they are saved.
        </p>
      )}
      {!files ? (
        <div className="card">
          <Skeleton rows={4} height={52} />
        </div>
      ) : files.files.length > 0 ? (
        <ul className="files">
          {wrongFirst(files.files).map((file) => (
            <li key={file.name}>
              <File file={file} />
            </li>
          ))}
        </ul>
      ) : (
        <div className="card">{files.folder === undefined ? <NoFolder /> : <NoFiles />}</div>
      )}
    </div>
  );
}

/** Whoever comes here for an error need not look for it. */
const wrongFirst = (files: readonly FileView[]): readonly FileView[] =>
  files.toSorted((a, b) => Math.sign(errorsOf(b).length) - Math.sign(errorsOf(a).length));

const NoFolder = () => (
  <Notice icon="files" title="This node takes no machine files">
    It was started with <code>--no-machine-files</code>, or keeps nothing on disk.
  </Notice>
);

const NoFiles = () => (
  <Notice icon="files" title="No machine files yet">
    <p>
      Save a state machine there as <code>lamp.json</code>, for example:
    </p>
    <pre className="files-example">{EXAMPLE}</pre>
  </Notice>
);

const EXAMPLE = `{
  "type": "Lamp",
  "initial": "off",
  "states": {
    "off": { "on": { "TOGGLE": "on" } },
    "on": { "on": { "TOGGLE": "off" } }
  }
}`;

function File({ file }: { readonly file: FileView }) {
  const { node } = useNetwork();
  const { name, type, version, machines, problems, notes } = file;
  return (
    <article className="card file" aria-label={name}>
      <div className="card-head">
        <Icon name="files" size={18} />
        <h2>
          <Text length={80}>{name}</Text>
        </h2>
        <FileBadge state={fileState(file)} />
        {type !== undefined && (
          <span className="named push">
            <span className="type-dot" style={{ background: typeColour(type) }} />
            <Text length={60}>{type}</Text>
            <Text className="muted" length={30}>
              {version ?? ''}
            </Text>
          </span>
        )}
      </div>
      {problems.length > 0 && (
        <ol className="problems">
          {problems.map((problem, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the same may be said of two places
            <Problem key={index} problem={problem} />
          ))}
        </ol>
      )}
      <div className="file-machines">
        {machines.length === 0 ? (
          <span className="muted">Nothing of it runs.</span>
        ) : (
          <>
            <span className="muted">{errorsOf(file).length > 0 ? 'As it was before, these go on:' : 'Machines:'}</span>
            {machines.map((id) => (
              <a key={id} href={node && machineHref(addressOf(node.id, id as MachineId))}>
                <Text length={60}>{id}</Text>
              </a>
            ))}
          </>
        )}
        {notes.length > 0 && (
          <span className="file-notes muted">
            Last change: <Text length={300}>{notes.join('; ')}</Text>
          </span>
        )}
      </div>
    </article>
  );
}

function Problem({ problem: { severity, message, hint, path, line, column } }: { readonly problem: FileProblem }) {
  const place = line === undefined ? '' : `line ${line}${column === undefined ? '' : `, column ${column}`}`;
  return (
    <li className={`problem ${severity}`}>
      <span className="problem-icon">
        <Icon name="warning" size={16} />
      </span>
      <div>
        <p className="problem-message">
          <span className="problem-severity">{severity === 'error' ? 'Error' : 'Warning'}</span>{' '}
          <Text length={400}>{message}</Text>
        </p>
        {hint !== undefined && (
          <p className="muted">
            <Text length={400}>{hint}</Text>
          </p>
        )}
      </div>
      <div className="problem-place muted">
        {place !== '' && <span>{place}</span>}
        {path !== '' && (
          <code>
            <Text length={160}>{path}</Text>
          </code>
        )}
      </div>
    </li>
  );
}
