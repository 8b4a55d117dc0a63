// Reads custom resources as JSON; prints a line for each that its schema refuses.
import { readFileSync } from 'node:fs';

const PACKAGES = {
  'cert-manager.io': 'cert-manager',
  'external-secrets.io': 'external-secrets',
  'gateway.networking.k8s.io': 'gateway-api',
  'keda.sh': 'keda',
  'monitoring.coreos.com': 'prometheus-operator',
  'postgresql.cnpg.io': 'cloudnative-pg',
};

const model = async (apiVersion, kind) => {
  const [group, version] = apiVersion.split('/');
  return PACKAGES[group] && (await import(`@kubernetes-models/${PACKAGES[group]}/${group}/${version}`))[kind];
};

// The Barman plugin's own schema is in no package; what it configures is CloudNativePG's.
const asBackupOfACluster = (store) => ({
  apiVersion: 'postgresql.cnpg.io/v1',
  kind: 'Cluster',
  metadata: store.metadata,
  spec: {
    instances: 1,
    backup: { retentionPolicy: store.spec?.retentionPolicy, barmanObjectStore: store.spec?.configuration ?? null },
  },
});

for (const given of JSON.parse(readFileSync(0, 'utf8'))) {
  const document = given.kind === 'ObjectStore' ? asBackupOfACluster(given) : given;
  const id = `${given.kind}/${given.metadata?.name}`;
  const Model = await model(document.apiVersion, document.kind);
  if (!Model) {
    console.log(`${id}: no schema for ${given.apiVersion}`);
    continue;
  }
  try {
    new Model(document).validate();
  } catch (error) {
    console.log(`${id}: ${error.message.split('\n')[0]}`);
  }
}
